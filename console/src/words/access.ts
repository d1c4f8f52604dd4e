import type { Words } from "../shell/language";

const es = {
  title: "Entrar",
  what: "Este servidor pide una clave. La da quien lo opera.",
  key: "Clave de acceso",
  keyHint: "Empieza por ck_. Se escribe una vez: el navegador solo guarda una sesión.",
  enter: "Entrar",
  leave: "Salir",
  wrong: "Esa clave no es válida, o ya no lo es.",
  tooFast: "Demasiados intentos. Espere un minuto.",
  account: "Cuenta",
  you: (name: string, role: string) => `${name}, ${role}`,
  until: (at: string) => `La sesión termina ${at}.`,
  roles: { anyone: "sin acceso", viewer: "consulta", reviewer: "revisor", operator: "operador" },
  onlyLooking: "Con esta clave se puede mirar, no decidir.",
  onlyLookingHint: "Para elegir, corregir o pedir hace falta una clave de revisor.",
  operatorsAct: "Reentrenar, promover y volver atrás piden una clave de operador.",
  inTheNameOf: (name: string) => `Queda registrado a nombre de ${name}.`,
};

const en: typeof es = {
  title: "Sign in",
  what: "This server wants a key. Whoever operates it makes you one.",
  key: "Access key",
  keyHint: "It begins with ck_. Typed once: the browser keeps a session, not the key.",
  enter: "Sign in",
  leave: "Sign out",
  wrong: "That key is not good, or not any more.",
  tooFast: "Too many tries. Wait for a minute.",
  account: "Account",
  you: (name, role) => `${name}, ${role}`,
  until: (at) => `The session ends ${at}.`,
  roles: { anyone: "no access", viewer: "viewer", reviewer: "reviewer", operator: "operator" },
  onlyLooking: "With this key one may look, and not decide.",
  onlyLookingHint: "To choose, correct or order takes a reviewer's key.",
  operatorsAct: "Retraining, promoting and going back take an operator's key.",
  inTheNameOf: (name) => `Recorded in the name of ${name}.`,
};

export const accessWords: Words<typeof es> = { es, en };
