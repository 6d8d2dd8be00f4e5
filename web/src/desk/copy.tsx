import { Check, Copy } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n";
import { Button } from "../ui/parts";

/** Copies where there is a clipboard, and by the old command where the page is not secure. */
async function copy(value: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    if (!field) return false;
    const { type } = field;
    field.type = "text";
    field.select();
    const done = document.execCommand("copy");
    field.type = type;
    return done;
  }
}

export function CopyRow({ label, value, secret = false }: { label: string; value: string; secret?: boolean }) {
  const { t } = useWords();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <div class="copy-row">
      <label class="field small">
        <span>{label}</span>
        <input ref={field} class="input" readOnly type={secret ? "password" : "text"} value={value} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <Button kind="small" label={t("copy.what", { what: label })} onClick={() => void copy(value, field.current).then(setCopied)}>
        {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
        <span role="status">{t(copied ? "copied" : "copy")}</span>
      </Button>
    </div>
  );
}
