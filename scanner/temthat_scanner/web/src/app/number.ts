/** Typing the number printed below the code, for who has no camera, or a code that does not read. */

import { button, h } from "./dom";
import { signal } from "./feedback";
import type { App } from "./main";
import { toneOf } from "./result";
import { t } from "./words";

export function numberView(app: App): HTMLElement {
  const field = h("input", {
    id: "number",
    inputmode: "text",
    autocapitalize: "characters",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: "300",
    "aria-describedby": "number-hint",
  }) as HTMLInputElement;
  const message = h("p", { role: "status" });
  const submit = async (event: Event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return field.focus();
    if (message.textContent) return;
    message.textContent = t("checking");
    const result = await app.judge(text);
    if (!message.isConnected) return; // the person has gone on
    signal(toneOf([result]));
    app.answer([result]);
  };
  return h(
    "section",
    { class: "wrap" },
    h(
      "form",
      { submit: (event) => void submit(event) },
      h("label", { for: "number" }, t("number_label")),
      field,
      h("p", { id: "number-hint", class: "soft" }, t("number_hint")),
      h("button", { type: "submit", class: "big" }, t("check")),
      message,
    ),
    button(t("back"), () => app.open("scan"), { class: "quiet" }),
  );
}
