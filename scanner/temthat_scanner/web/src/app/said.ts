/** What the service said of a batch (docs/api.md): nothing is believed that is not of the documented form. */

import { messageOf, record, verdictOf, type Said } from "./queue";

/** A batch's answer (POST /api/v1/events/batch), line by line; null where it is none. */
export function saidOf(batch: { id: string }[], body: unknown, lang: string): Said[] | null {
  const lines = (body as { events?: unknown } | null)?.events;
  if (!Array.isArray(lines) || lines.length !== batch.length) return null;
  const said = lines.map((line, i) => lineOf(line, batch[i]?.id ?? "", lang));
  return said.every((one) => one !== null) ? said : null;
}

function lineOf(found: unknown, id: string, lang: string): Said | null {
  const line = record(found);
  if (line["id"] !== id) return null;
  switch (line["outcome"]) {
    case "recorded":
    case "duplicate":
    case "judged":
      return { taken: verdictOf(line["answer"]) };
    case "refused":
      return { refused: messageOf(record(line["problem"]), lang) };
    case "later":
      return { later: messageOf(record(line["problem"]), lang) };
    default:
      return null;
  }
}
