import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n";
import { LAYOUTS } from "../ui/layouts";
import { Button } from "../ui/parts";

/** The keys, on one small card. */
export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={onClose}>
      <h2>{t("help")}</h2>
      <dl class="keys">
        {LAYOUTS.map((layout, at) => (
          <div key={layout}>
            <dt>
              <kbd>{at + 1}</kbd>
            </dt>
            <dd>{t(`layout.${layout}`)}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>{t("help.this")}</dd>
        </div>
      </dl>
      <div class="actions">
        <Button kind="spot" onClick={onClose}>
          {t("close")}
        </Button>
      </div>
    </dialog>
  );
}
