#!/bin/sh
# Secrets come as files. Contender reads them itself; to programs that know variables only, each
# NAME_FILE below becomes NAME, for the one process that is started here and its children.
set -eu

for name in \
    MLFLOW_AUTH_ADMIN_PASSWORD MLFLOW_AUTH_DATABASE_URL MLFLOW_BACKEND_STORE_URI \
    MLFLOW_FLASK_SERVER_SECRET_KEY MLFLOW_TRACKING_PASSWORD \
    PREFECT_API_AUTH_STRING PREFECT_SERVER_API_AUTH_STRING PREFECT_SERVER_DATABASE_CONNECTION_URL
do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        value=$(cat "$file")
        # A server that is told of no password may let in everybody.
        [ -n "$value" ] || { echo "${name}_FILE: $file is empty" >&2; exit 1; }
        export "$name=$value"
        unset "${name}_FILE"
    fi
done

# The settings that were handed to this container become those of the home folder, which runs of models
# in other containers share. In one step: another container may be reading.
given=/etc/contender/contender.toml
if [ -e "$given" ] && ! cmp -s "$given" "$CONTENDER_HOME/contender.toml"; then
    cp "$given" "$CONTENDER_HOME/contender.toml.$$.$(hostname)"
    mv "$CONTENDER_HOME/contender.toml.$$.$(hostname)" "$CONTENDER_HOME/contender.toml"
fi

exec "$@"
