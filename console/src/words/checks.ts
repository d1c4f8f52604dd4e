import type { Words } from "../shell/language";

/** Sentences about the checks of a decision and of a trial on traffic, made from their figures. */
const es = {
  figure: (metric: string, before: string, after: string, gain: string, low: string, high: string) =>
    `${metric} ${before} → ${after}: ganancia de ${gain} (95 %: ${low} a ${high})`,
  chance: (said: string, p: string, limit: string) => `${said}. Sin diferencia real se vería con probabilidad ${p}; el límite es ${limit}.`,
  chanceAlone: (p: string, limit: string) => `Sin diferencia real se vería con probabilidad ${p}; el límite es ${limit}.`,
  margin: (said: string, margin: string) => `${said}; puede ser peor en ${margin} como mucho.`,
  marginAlone: (gain: string, margin: string) => `Ganancia de ${gain}; puede ser peor en ${margin} como mucho.`,
  // A verdict.
  leaked: (shared: string, all: string) => `La aspirante se entrenó con ${shared} de las ${all} claves del conjunto de prueba.`,
  clean: "Ninguna fila del conjunto de prueba sirvió para entrenarla.",
  unknownRows: "Nadie registró con qué se entrenó: no se puede saber si había visto la prueba.",
  blessed: (golden: string) => `El código que sirve la cargó en un proceso nuevo y obtuvo ${golden} respuestas de ejemplo.`,
  notBlessed: (version: string) => `El código que sirve no pudo servir la versión ${version}.`,
  floor: (metric: string, value: string, floor: string, gain: string, low: string, high: string) =>
    `${metric}: ${value}, y la referencia trivial ${floor}; ventaja de ${gain} (95 %: ${low} a ${high})`,
  nothingJudged: "El conjunto de prueba no pregunta nada de lo que se juzga.",
  notStated: (metric: string) => `${metric}: una de las dos versiones no lo declara, así que no se puede comparar.`,
  noLimit: (metric: string) => `${metric}: la aspirante no lo declara, así que no se puede comprobar.`,
  atLeast: (metric: string, value: string, limit: string) => `${metric} ${value}; tiene que ser ${limit} como mínimo.`,
  atMost: (metric: string, value: string, limit: string) => `${metric} ${value}; puede ser ${limit} como máximo.`,
  slice: (said: string, rows: string, p: string) => `${said}, en ${rows} filas. Probabilidad de verse así sin ser peor (Holm): ${p}.`,
  fewRows: (rows: string, least: string) => `${rows} filas; con menos de ${least} no se juzga.`,
  news: (said: string, rows: string) => `${said}, en ${rows} filas de clases que la campeona nunca responde: cuentan como errores suyos.`,
  newsAlone: (gain: string) => `Ganancia de ${gain} en clases que la campeona nunca responde: cuentan como errores suyos.`,
  budget: (value: string, limit: string) => `${value} por petición; el presupuesto son ${limit}.`,
  slower: (value: string, before: string, limit: string) => `${value} por petición; la campeona, ${before}. Puede tardar ${limit}.`,
  larger: (value: string, before: string, limit: string) => `${value}; la campeona, ${before}. Puede ocupar ${limit}.`,
  suspicious: (value: string) =>
    `Con ${value} casi no quedan errores. Conviene buscar la respuesta entre las características, o filas filtradas.`,
  money: (said: string) => `En dinero: ${said}.`,
  moneyAlone: (metric: string, value: string) => `En dinero: ${metric} ${value}.`,
  moneyUnknown: (metric: string) => `${metric}: no se sabe qué ingresos hay detrás de las preguntas.`,
  better: (said: string) => `${said}. Gana la mejor cifra.`,
  anchor: (said: string) => `Frente a la última que ganó por superioridad: ${said}`,
  anchorAlone: "Frente a la última que ganó por superioridad",
  anchorNotAsked: "A la última que ganó por superioridad no se le hicieron las preguntas reales.",
  spent: (alpha: string, least: string) =>
    `El conjunto de prueba está gastado: a esta mirada le quedaría un alfa de ${alpha}, menos que el mínimo de ${least}. Hace falta su siguiente generación.`,
  identical: "Las dos responden exactamente lo mismo: no hay nada que promover.",
  byLabels: (differing: string, gained: string, lost: string, gain: string, low: string, high: string) =>
    `De ${differing} preguntas reales etiquetadas en las que difieren, la aspirante acierta sola ${gained} y la campeona ${lost}: ganancia de ${gain} (${low} a ${high} en cualquier momento)`,
  withLabels: (gain: string, margin: string) => `Con las etiquetas, ganancia de ${gain}; puede ser peor en ${margin} como mucho.`,
  // A trial on traffic.
  failures: (failed: string, units: string, others: string, otherUnits: string) =>
    `La aspirante falló en ${failed} de ${units} unidades; la campeona, en ${others} de ${otherUnits}.`,
  slow: (limit: string) => `Es lenta una respuesta de más de ${limit}.`,
  noSlow: "La campeona no se ha visto bastante para decir qué es lento.",
  agreed: (agreed: string, compared: string) => `Las dos dijeron lo mismo a ${agreed} de ${compared} unidades.`,
  notCompared: "Todavía no se ha comparado ninguna respuesta.",
  losses: (mine: string, mineOf: string, theirs: string, theirsOf: string) =>
    `Pérdida media de ${mine} en ${mineOf} unidades; la de la campeona, ${theirs} en ${theirsOf}.`,
  wins: (mine: string, both: string) => `${mine} de ${both} unidades eligieron algo de la aspirante.`,
  noFeedback: "Todavía no ha llegado ningún resultado.",
  harm: (value: string, limit: string) => `Evidencia de daño: ${value}; con ${limit} se retira.`,
  harmShown: (value: string) => `Evidencia de daño: ${value}; aquí no decide.`,
  strength: (value: string, limit: string) => `Evidencia de que es mejor: ${value}; con ${limit} gana.`,
  // Second witnesses.
  mcnemarAgainst: (side: string, gained: string, lost: string, p: string) =>
    `Contradicción: por la prueba de McNemar acierta más ${side} (${gained} frente a ${lost} que solo acierta una, p = ${p}).`,
  mcnemarSilent: (p: string) => `La prueba de McNemar no ve diferencia en la proporción de aciertos (p = ${p}).`,
  dieboldAgainst: (p: string) => `Contradicción: la prueba de Diebold y Mariano dice lo contrario (p = ${p}).`,
  theChampion: "la campeona",
  theChallenger: "la aspirante",
};

const en: typeof es = {
  figure: (metric, before, after, gain, low, high) => `${metric} ${before} → ${after}: a gain of ${gain} (95 %: ${low} to ${high})`,
  chance: (said, p, limit) => `${said}. Without a true difference it would be seen with probability ${p}; the limit is ${limit}.`,
  chanceAlone: (p, limit) => `Without a true difference it would be seen with probability ${p}; the limit is ${limit}.`,
  margin: (said, margin) => `${said}; it may be worse by ${margin} at most.`,
  marginAlone: (gain, margin) => `A gain of ${gain}; it may be worse by ${margin} at most.`,
  leaked: (shared, all) => `The challenger was trained on ${shared} of the test set's ${all} keys.`,
  clean: "No row of the test set was trained on.",
  unknownRows: "Nobody recorded what it was trained on: whether it had seen the test cannot be told.",
  blessed: (golden) => `The serving code loaded it in a fresh process and got ${golden} answers to examples.`,
  notBlessed: (version) => `The serving code could not serve version ${version}.`,
  floor: (metric, value, floor, gain, low, high) =>
    `${metric}: ${value}, and the trivial baseline ${floor}; ahead by ${gain} (95 %: ${low} to ${high})`,
  nothingJudged: "The test set asks for nothing that is judged.",
  notStated: (metric) => `${metric}: one of the two versions does not state it, so it cannot be compared.`,
  noLimit: (metric) => `${metric}: the challenger does not state it, so it cannot be held to its limit.`,
  atLeast: (metric, value, limit) => `${metric} ${value}; it has to be at least ${limit}.`,
  atMost: (metric, value, limit) => `${metric} ${value}; it may be at most ${limit}.`,
  slice: (said, rows, p) => `${said}, on ${rows} rows. Probability of looking so without being worse (Holm): ${p}.`,
  fewRows: (rows, least) => `${rows} rows; with fewer than ${least} it is not judged.`,
  news: (said, rows) => `${said}, on ${rows} rows of classes that the champion never answers: they count as its errors.`,
  newsAlone: (gain) => `A gain of ${gain} on classes that the champion never answers: they count as its errors.`,
  budget: (value, limit) => `${value} a request; the budget is ${limit}.`,
  slower: (value, before, limit) => `${value} a request; the champion, ${before}. It may take ${limit}.`,
  larger: (value, before, limit) => `${value}; the champion, ${before}. It may have ${limit}.`,
  suspicious: (value) => `${value} leaves almost no error. Look for the answer among the features, or for leaked rows.`,
  money: (said) => `In money: ${said}.`,
  moneyAlone: (metric, value) => `In money: ${metric} ${value}.`,
  moneyUnknown: (metric) => `${metric}: what revenue stands behind the questions is not known.`,
  better: (said) => `${said}. The better figure wins.`,
  anchor: (said) => `Against the last one that won by superiority: ${said}`,
  anchorAlone: "Against the last one that won by superiority",
  anchorNotAsked: "The last one that won by superiority was not asked the live questions.",
  spent: (alpha, least) =>
    `The test set is spent: this look would have an alpha of ${alpha}, less than the least of ${least}. Its next generation is needed.`,
  identical: "The two answer exactly the same: there is nothing to promote.",
  byLabels: (differing, gained, lost, gain, low, high) =>
    `Of ${differing} labelled live questions on which they differ, the challenger alone gets ${gained} right and the champion alone ${lost}: a gain of ${gain} (${low} to ${high} at any time)`,
  withLabels: (gain, margin) => `With the labels, a gain of ${gain}; it may be worse by ${margin} at most.`,
  failures: (failed, units, others, otherUnits) =>
    `The challenger failed ${failed} of ${units} units; the champion, ${others} of ${otherUnits}.`,
  slow: (limit) => `An answer that takes more than ${limit} is slow.`,
  noSlow: "The champion was not seen often enough to say what is slow.",
  agreed: (agreed, compared) => `The two said the same to ${agreed} of ${compared} units.`,
  notCompared: "No answer was compared yet.",
  losses: (mine, mineOf, theirs, theirsOf) => `Mean loss ${mine} of ${mineOf} units; the champion's, ${theirs} of ${theirsOf}.`,
  wins: (mine, both) => `${mine} of ${both} units chose something of the challenger's.`,
  noFeedback: "There is no feedback yet.",
  harm: (value, limit) => `Evidence of harm: ${value}; at ${limit} it is rolled back.`,
  harmShown: (value) => `Evidence of harm: ${value}; it decides nothing here.`,
  strength: (value, limit) => `Evidence that it is better: ${value}; at ${limit} it wins.`,
  mcnemarAgainst: (side, gained, lost, p) =>
    `Contradiction: by McNemar's test ${side} is right more often (${gained} against ${lost} that only one gets right, p = ${p}).`,
  mcnemarSilent: (p) => `McNemar's test sees no difference in the share of right answers (p = ${p}).`,
  dieboldAgainst: (p) => `Contradiction: the test of Diebold and Mariano says the opposite (p = ${p}).`,
  theChampion: "the champion",
  theChallenger: "the challenger",
};

export const checkWords: Words<typeof es> = { es, en };
