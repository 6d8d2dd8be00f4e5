import "../tokens.css";
import "../base.css";
import { useWords } from "../i18n";
import { mount, Scene } from "../ui/parts";

function Page() {
  const { t } = useWords();
  document.title = `Palco · ${t("lost.title")}`;
  return (
    <Scene title={t("lost.title")} text={t("lost.text")}>
      <div class="actions">
        <a class="button spot" href="/">
          {t("watch.see_shows")}
        </a>
      </div>
    </Scene>
  );
}

mount(<Page />);
