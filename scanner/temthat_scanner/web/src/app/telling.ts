/** Telling the service what waited, loaded with the first that is sent. */

import { toBase64 } from "../core/bytes";
import { ask, bodyOf, post, turnedAway } from "./online";
import { messageOf, type Said, type WaitingEvent, type WaitingReport } from "./queue";
import { saidOf } from "./said";

/** Tell events that waited, each with its answer. Throws `Unreachable` where the whole of it should be sent again. */
export async function tellMany(events: WaitingEvent[], apiKey: string, patience: number, lang: string): Promise<Said[]> {
  const bodies = events.map(({ refused: _, ...event }) => event);
  const response = await ask("api/v1/events/batch", post(bodies, lang, apiKey), patience);
  const body = await bodyOf(response);
  const said = response.ok ? saidOf(events, body, lang) : null;
  if (!said) throw turnedAway(response, body, lang);
  return said;
}

/** Tell a report that waited. Throws `Unreachable` where it should be sent again. */
export async function tellReport({ report, photo }: WaitingReport, lang: string): Promise<Said> {
  const response = await ask("api/v1/reports", post({ ...report, ...(photo ? { photo: toBase64(photo) } : {}) }, lang), 120_000);
  const body = await bodyOf(response);
  if (response.ok && typeof body["reference"] === "string") return { taken: null };
  if (response.status === 409) return { renumber: true };
  // What is said to be wrong with the report itself does not become right by sending it again.
  if ([400, 413, 422].includes(response.status) && body["error"]) return { refused: messageOf(body, lang) };
  throw turnedAway(response, body, lang);
}
