/** Return the command that asks the same from a shell. */
export function curlOf(url: string, body: unknown): string {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s '${url}' -H 'Content-Type: application/json' -d '${quoted}'`;
}
