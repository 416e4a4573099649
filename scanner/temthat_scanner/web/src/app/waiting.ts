/** What waits to be sent, and what the service would not take. */

import { button, h } from "./dom";
import type { App } from "./main";
import { clockTime, t } from "./words";

export async function waitingView(app: App): Promise<HTMLElement> {
  const all = await app.device.waiting();
  const refused = all.filter((one) => one.refused);
  const oldest = all.map((one) => one.at).sort()[0];
  const message = h("p", { role: "status" });
  const send = async () => {
    message.textContent = t("sending");
    const { sent, problem } = await app.send();
    app.show(await waitingView(app));
    const said = problem ? t("not_sent", { why: problem }) : t("sent", { count: String(sent) });
    document.querySelector("[role=status].outcome")?.replaceChildren(said);
  };
  const drop = async () => {
    await app.device.done(refused.map(({ id }) => id));
    app.show(await waitingView(app));
  };
  const when = oldest ? clockTime(Date.parse(oldest) / 1000) : "";
  return h(
    "section",
    { class: "wrap" },
    h("h1", {}, t("waiting_tab")),
    h("p", {}, all.length ? t("waiting", { count: String(all.length), time: when }) : t("waiting_none")),
    h("p", { role: "status", class: "outcome" }),
    message,
    all.length > refused.length ? button(t("send_now"), () => void send(), { class: "big" }) : null,
    refused.length ? h("p", {}, t("refused", { count: String(refused.length) })) : null,
    refused.length ? h("ul", {}, ...refused.map((one) => h("li", {}, `${clockTime(Date.parse(one.at) / 1000)}: ${one.refused}`))) : null,
    refused.length ? button(t("drop"), () => void drop(), { class: "quiet" }) : null,
    h("p", { class: "soft" }, t("waiting_hint")),
  );
}
