/** The one API key of this device (an inspector's or a till's), typed once and kept in the browser's storage. */

import type { Device } from "./device";
import { h } from "./dom";

interface KeyWords {
  label: string;
  hint: string;
  save: string;
  saved: string;
}

export async function apiKeyCard(device: Device, words: KeyWords, saved: () => void = () => undefined): Promise<HTMLElement> {
  const { apiKey = "" } = await device.choices();
  const more = { type: "password", autocomplete: "off", value: apiKey, "aria-describedby": "api-hint" };
  const field = h("input", { id: "api-key", ...more }) as HTMLInputElement;
  const said = h("p", { role: "status" });
  const save = async (event: Event) => {
    event.preventDefault();
    await device.choose({ apiKey: field.value.trim() });
    said.textContent = words.saved;
    saved();
  };
  return h(
    "form",
    { class: "card", submit: (event) => void save(event) },
    h("label", { for: "api-key" }, words.label),
    field,
    h("p", { id: "api-hint", class: "soft" }, words.hint),
    h("div", { class: "row" }, h("button", { type: "submit" }, words.save)),
    said,
  );
}
