/** Oneself, as in a mirror, and never heard. */

import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n";

export function Self({ stream, name }: { stream: MediaStream | null; name: string }) {
  const { t } = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const picture = (stream?.getVideoTracks().length ?? 0) > 0;
  useEffect(() => {
    if (video.current) video.current.srcObject = picture ? stream : null;
  }, [stream, picture]);
  return (
    <div class="picture cover mirror">
      <video ref={video} playsInline autoPlay muted aria-label={t("stage.you")} hidden={!picture} />
      {picture ? null : (
        <div class="waiting">
          <span class="initial" aria-hidden="true">
            {name.slice(0, 1)}
          </span>
          {t("stage.no_picture")}
        </div>
      )}
    </div>
  );
}
