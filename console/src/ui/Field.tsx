import { type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, useId } from "react";
import "./field.css";

interface Frame {
  label: string;
  /** Said below the field, and read out with it. */
  hint?: ReactNode;
  /** What is wrong with what was typed. */
  error?: string | undefined;
}

function describedBy(id: string, hint: ReactNode, error: string | undefined): string | undefined {
  const parts = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter(Boolean);
  return parts.length > 0 ? parts.join(" ") : undefined;
}

function Framed({ id, label, hint, error, children }: Frame & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {error && (
        <p id={`${id}-error`} className="field-error">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="field-hint">
          {hint}
        </p>
      )}
    </div>
  );
}

type TextProps = Frame & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> };

export function TextField({ label, hint, error, ...rest }: TextProps) {
  const id = useId();
  return (
    <Framed id={id} label={label} hint={hint} error={error}>
      <input {...rest} id={id} aria-invalid={error ? true : undefined} aria-describedby={describedBy(id, hint, error)} />
    </Framed>
  );
}

type SelectProps = Frame & SelectHTMLAttributes<HTMLSelectElement> & { children: ReactNode };

export function SelectField({ label, hint, error, children, ...rest }: SelectProps) {
  const id = useId();
  return (
    <Framed id={id} label={label} hint={hint} error={error}>
      <select {...rest} id={id} aria-describedby={describedBy(id, hint, error)}>
        {children}
      </select>
    </Framed>
  );
}
