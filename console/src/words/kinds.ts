import type { Words } from "../shell/language";

/** What each kind of decision says of itself, by what its record holds. */
const es = {
  // Who acts, where it is no person.
  actors: {
    steward: "el supervisor de las pruebas",
    reconciler: "el vigilante del registro",
    "the gate": "el árbitro",
    unknown: "alguien sin nombre",
    "demo day (simulated)": "el día de demostración (simulado)",
  } as Record<string, string>,
  // Headlines of what is no verdict.
  restored: (before: string, after: string) => `La campeona v${before} había desaparecido de MLflow y ha vuelto como v${after}.`,
  foreignMoved: (version: string) => `Alguien movió a mano el alias champion a la versión ${version}.`,
  foreignRemoved: "Alguien quitó a mano el alias champion.",
  sealOpened: (version: string) => `El conjunto de prueba está gastado: se abrió su parte sellada y se preguntó a la versión ${version}.`,
  testSetRetired: "El conjunto de prueba está gastado y se retiró.",
  aliasSet: (version: string) => `El alias champion apunta desde entonces a la versión ${version}.`,
  served: (version: string) => `Los procesos confirmaron que responden con la versión ${version}.`,
  // Sentences below the headline.
  origins: {
    contender: "Se entrenó aquí.",
    foreign: "Se registró desde fuera: de ella solo se sabe lo que MLflow dice.",
    restored: "Son los ficheros de una campeona que había desaparecido de MLflow, registrados de nuevo.",
    unknown: "No se sabe de dónde viene.",
  } as Record<string, string>,
  wentBack: (before: string) => `Hasta entonces era campeona la versión ${before}.`,
  actions: {
    judge: "La versión se somete al árbitro; mientras tanto sirve la campeona.",
    revert: "El alias se devolvió a la campeona.",
  } as Record<string, string>,
  championThen: (version: string) => `La campeona era la versión ${version}.`,
  noChampionThen: "Todavía no había campeona.",
  sealFitted: "La diferencia no se explica por azar: el árbitro se había ajustado a su conjunto de prueba.",
  sealChance: "La diferencia cabe en el azar: el árbitro no se había ajustado a su conjunto de prueba.",
  sealNothing: "No hay nada que comparar.",
  sealFigures: (metric: string, here: string, there: string) => `${metric}: ${here} en lo que se había mirado y ${there} en lo que no.`,
  looks: (count: string) => `Se miró ${count} veces.`,
  confirmations: (count: number) => (count === 1 ? "1 proceso lo confirmó." : `${count} procesos lo confirmaron.`),
  // Trials on traffic.
  trial: (mode: string, champion: string) => `Modo: ${mode}, frente a la campeona v${champion}.`,
  trialShare: (share: string) => `Al final le toca el ${share} de los clientes.`,
  trialMirrored: (share: string) => `Se le hacen las preguntas del ${share} de los clientes y nadie ve sus respuestas.`,
  trialLasts: (hours: string) => `Dura ${hours} h como mucho.`,
  trialPromotes: "Si gana, será campeona.",
  trialReports: "Gane o no, no cambia de campeona por sí sola.",
  trialVerdicts: {
    completed: "Se acabó el plazo: no se vio daño ni se demostró que fuera mejor.",
    superior: "Se demostró que es mejor.",
    rolled_back: "Se retiró.",
    superseded: "La campeona cambió entre tanto, así que ya no había con quién compararla.",
    stopped: "Se detuvo a mano.",
  } as Record<string, string>,
  trialPromoted: (actor: string) => `Es campeona desde entonces, como pidió ${actor}.`,
  notLoaded: "La aspirante no se pudo cargar.",
  nothingAsked: "A la aspirante no se le ha preguntado nada todavía.",
  soFar: (units: string) => `La aspirante ha visto ${units} unidades; nada se ha decidido todavía.`,
  // Labels on request.
  labelsAsked: (asked: string, differ: string, questions: string) =>
    `Se piden ${asked}: las dos versiones difieren en ${differ} de ${questions} preguntas reales.`,
  labelsUntil: (when: string) => `Se esperan hasta el ${when}.`,
  labelsOutcomes: {
    decided: "Las etiquetas bastaron para dar un veredicto.",
    superseded: "La campeona cambió entre tanto.",
    stopped: "Se detuvo a mano.",
  } as Record<string, string>,
};

const en: typeof es = {
  actors: {
    steward: "the trials' steward",
    reconciler: "the registry's reconciler",
    "the gate": "the gate",
    unknown: "somebody without a name",
    "demo day (simulated)": "the demo day (simulated)",
  },
  restored: (before, after) => `Champion v${before} was gone from MLflow and is back as v${after}.`,
  foreignMoved: (version) => `Somebody moved the alias champion to version ${version} by hand.`,
  foreignRemoved: "Somebody took the alias champion away by hand.",
  sealOpened: (version) => `The test set is used up: its sealed part was opened and version ${version} asked about it.`,
  testSetRetired: "The test set is used up and was retired.",
  aliasSet: (version) => `The alias champion points at version ${version} since then.`,
  served: (version) => `The workers confirmed that they answer with version ${version}.`,
  origins: {
    contender: "It was trained here.",
    foreign: "It was registered from elsewhere: no more is known of it than MLflow says.",
    restored: "They are the files of a champion that was gone from MLflow, registered again.",
    unknown: "Where it comes from is not known.",
  },
  wentBack: (before) => `Until then version ${before} was champion.`,
  actions: {
    judge: "The gate judges the version; meanwhile the champion answers.",
    revert: "The alias was given back to the champion.",
  },
  championThen: (version) => `Version ${version} was champion.`,
  noChampionThen: "There was no champion yet.",
  sealFitted: "Chance does not explain the difference: the gate was fitted to its test set.",
  sealChance: "The difference is within chance: the gate was not fitted to its test set.",
  sealNothing: "There is nothing to compare.",
  sealFigures: (metric, here, there) => `${metric}: ${here} on what was looked at and ${there} on what was not.`,
  looks: (count) => `It was looked at ${count} times.`,
  confirmations: (count) => (count === 1 ? "1 worker confirmed it." : `${count} workers confirmed it.`),
  trial: (mode, champion) => `Mode: ${mode}, against champion v${champion}.`,
  trialShare: (share) => `In the end it takes ${share} of the customers.`,
  trialMirrored: (share) => `It is asked what ${share} of the customers ask, and nobody sees its answers.`,
  trialLasts: (hours) => `It lasts ${hours} h at most.`,
  trialPromotes: "If it wins, it becomes champion.",
  trialReports: "Whether it wins or not, the champion does not change by itself.",
  trialVerdicts: {
    completed: "Its time was up: no harm was seen, and it was not shown to be better.",
    superior: "It was shown to be better.",
    rolled_back: "It was rolled back.",
    superseded: "The champion changed meanwhile, so there was nothing left to compare it with.",
    stopped: "It was stopped by hand.",
  },
  trialPromoted: (actor) => `It is champion since then, as ${actor} had asked.`,
  notLoaded: "The challenger could not be loaded.",
  nothingAsked: "The challenger was asked nothing yet.",
  soFar: (units) => `The challenger has seen ${units} units; nothing is decided yet.`,
  labelsAsked: (asked, differ, questions) =>
    `${asked} are asked for: the two versions differ on ${differ} of ${questions} live questions.`,
  labelsUntil: (when) => `They are waited for until ${when}.`,
  labelsOutcomes: {
    decided: "The labels were enough for a verdict.",
    superseded: "The champion changed meanwhile.",
    stopped: "It was stopped by hand.",
  },
};

export const kindWords: Words<typeof es> = { es, en };
