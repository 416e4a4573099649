/** The one API key of this device (an inspector's or a till's), typed once and kept in the browser's storage. */

import type { Device } from "./device";
import { button, h } from "./dom";

export async function apiKeyCard(device: Device, words: { label: string; hint: string; save: string; saved: string }): Promise<HTMLElement> {
  const { apiKey = "" } = await device.choices();
  const more = { type: "password", autocomplete: "off", value: apiKey, "aria-describedby": "api-hint" };
  const field = h("input", { id: "api-key", ...more }) as HTMLInputElement;
  const said = h("p", { role: "status" });
  const save = async () => {
    await device.choose({ apiKey: field.value.trim() });
    said.textContent = words.saved;
  };
  return h(
    "section",
    { class: "card" },
    h("label", { for: "api-key" }, words.label),
    field,
    h("p", { id: "api-hint", class: "soft" }, words.hint),
    h("div", { class: "row" }, button(words.save, () => void save())),
    said,
  );
}
