import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useKeyName } from "../access/session";
import { Refused } from "../api/problem";
import { useWords } from "../shell/language";
import { keep, kept } from "../shell/storage";
import { toast } from "../shell/toasts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { TextField } from "../ui/Field";
import { accessWords } from "../words/access";
import { lifecycleWords } from "../words/lifecycle";
import { shellWords } from "../words/shell";
import "./confirm.css";

/** Who acts and why: every action is recorded with both. */
export interface Person {
  actor: string;
  reason: string;
}

interface Props {
  title: string;
  /** What will happen, before anybody confirms it. */
  what: string;
  confirm: string;
  tone?: "main" | "bad";
  /** With room for a long form, which then stands below the name and the reason. */
  wide?: boolean;
  open: boolean;
  onClose: () => void;
  /** Do it, and return what is to be said afterwards. */
  act: (person: Person) => Promise<string>;
  /** Whether what else the form asks is filled in. */
  ready?: boolean;
  children?: ReactNode;
}

const ACTOR = "actor";

/** A dialog that asks for a name and a reason before anything is done. */
export function Confirm(props: Props) {
  return props.open ? <Asked {...props} /> : null;
}

/** Give the focus to the first field that is not filled in. */
function begin(form: HTMLFormElement | null): void {
  const fields = [...(form?.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select") ?? [])];
  (fields.find(({ value }) => value === "") ?? fields[0])?.focus();
}

function Asked({ title, what, confirm, tone = "main", wide = false, onClose, act, ready = true, children }: Props) {
  const words = useWords(shellWords);
  const form = useId();
  const keyName = useKeyName();
  const [typed, setPerson] = useState<Person>({ actor: kept(ACTOR) ?? "", reason: "" });
  const person = keyName === null ? typed : { ...typed, actor: keyName };
  const doing = useAct(act, onClose);
  const complete = ready && person.actor.trim() !== "" && person.reason.trim() !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!complete || doing.isPending) return;
    if (keyName === null) keep(ACTOR, person.actor.trim());
    doing.mutate({ actor: person.actor.trim(), reason: person.reason.trim() });
  };
  const actions = (
    <>
      <Button onClick={onClose}>{words.cancel}</Button>
      <Button tone={tone} type="submit" form={form} busy={doing.isPending} disabled={!complete}>
        {confirm}
      </Button>
    </>
  );
  return (
    <Dialog title={title} open onClose={onClose} actions={actions} wide={wide}>
      <form id={form} ref={begin} className="confirm" onSubmit={submit}>
        <p className="confirm-what">{what}</p>
        {!wide && children}
        <PersonFields person={person} named={keyName !== null} onChange={setPerson} />
        {wide && children}
        {doing.error && <Refusal error={doing.error} />}
      </form>
    </Dialog>
  );
}

interface PersonProps {
  person: Person;
  /** Whether the name is the key's, and nobody's to choose. */
  named: boolean;
  onChange: (person: Person) => void;
}

function PersonFields({ person, named, onChange }: PersonProps) {
  const words = useWords(lifecycleWords);
  const access = useWords(accessWords);
  return (
    <div className="confirm-person">
      {named ? (
        <p className="confirm-what">{access.inTheNameOf(person.actor)}</p>
      ) : (
        <TextField
          label={words.yourName}
          hint={words.yourNameHint}
          value={person.actor}
          maxLength={128}
          autoComplete="name"
          required
          onChange={({ target }) => onChange({ ...person, actor: target.value })}
        />
      )}
      <TextField
        label={words.reason}
        hint={words.reasonHint}
        value={person.reason}
        maxLength={2000}
        autoComplete="off"
        required
        onChange={({ target }) => onChange({ ...person, reason: target.value })}
      />
    </div>
  );
}

function Refusal({ error }: { error: Error }) {
  const words = useWords(shellWords);
  return (
    <p className="confirm-refusal" role="alert">
      {error instanceof Refused ? error.message : words.unreachableLong}
    </p>
  );
}

function useAct(act: Props["act"], onClose: () => void): UseMutationResult<string, Error, Person> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (said) => {
      toast("good", said);
      onClose();
      void queries.invalidateQueries();
    },
  });
}
