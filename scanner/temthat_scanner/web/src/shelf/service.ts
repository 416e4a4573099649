/** What the service holds of one stamp (`GET /api/v1/inspect`), and the part of it that goes into the evidence file. */

import { getJson, Unreachable } from "../app/online";
import { lang } from "../app/words";

/** In Vietnamese and English. */
export interface Both {
  vi: string;
  en: string;
}
interface Mark {
  on: string;
  province: string;
}
export interface Run {
  run: number;
  pack_form: string;
  ordered: number;
  logged: boolean;
  reason: string | null;
  states: { state: string; count: number; words: Both }[];
}
export interface Held {
  quantity: Both;
  state: string;
  state_words: Both;
  runs: Run[];
  questions: { rule: string; words: Both }[];
  balance: { title: Both; went_in: Both | null; came_out: Both | null; lost: Both | null }[];
  events: { on: string; title: Both; lot: string | null; product: string | null; organisation: string; text: string; place: string; amounts: Both[] }[];
  hidden: number;
  cut: boolean;
  papers: { kind: string; title: Both; number: string; valid_until: string | null; in_force: boolean; vouching: string; refused: boolean }[];
  checklists: { law: Both; done: number; counted: number; items: { title: Both; state: string }[] }[];
}
export interface Told {
  verdict: string;
  stamp: { run: number } | null;
  history: { checks: number | null; first: Mark | null; last: Mark | null; sold: Mark | null } | null;
  record: Held | null;
}

/** As it stands in the file (docs/spec/evidence.md, `service`). */
export interface Service {
  at: string;
  verdict: string;
  checks?: number;
  first?: [string, string];
  last?: [string, string];
  sold?: [string, string];
  state?: string;
  ordered?: number;
  states?: [string, number][];
  questions?: [string, string, string][];
  papers?: [string, string, string, string][];
  missing?: number;
}

const QUESTIONS = 10;
const PAPERS = 20;

/** Asks by an inspector's key; the look counts as no check. Throws `Unreachable`. */
export async function inspect(text: string, apiKey: string): Promise<Told> {
  const bare = /[A-Z2-7]{122}/i.exec(text)?.[0] ?? text;
  const answer = await getJson(`api/v1/inspect?${new URLSearchParams({ code: bare })}`, apiKey, lang);
  const told = answer as unknown as Told;
  if (typeof told.verdict !== "string" || told.record === undefined) throw new Unreachable("the answer is none this app knows");
  return told;
}

/** A whole sentence, to stand within another one. */
export function inBrackets(sentence: string): string {
  return sentence.replace(/\.+$/, "");
}

/** The run the stamp is of, among those of its batch. */
export function runOf({ stamp, record }: Told): Run | undefined {
  return record?.runs.find(({ run }) => run === stamp?.run);
}

export function missingOf(held: Held): number {
  return held.checklists.flatMap(({ items }) => items).filter(({ state }) => state === "missing").length;
}

/** `at`: by this device's clock. */
export function serviceOf(told: Told, at: string): Service {
  const { verdict, history, record: held } = told;
  const service: Service = { at, verdict };
  if (history && history.checks !== null) service.checks = history.checks;
  for (const name of ["first", "last", "sold"] as const) {
    const mark = history?.[name];
    if (mark) service[name] = [mark.on, mark.province];
  }
  if (!held) return service;
  const run = runOf(told);
  return {
    ...service,
    state: held.state,
    ...(run ? { ordered: run.ordered, states: run.states.map(({ state, count }) => [state, count]) } : {}),
    questions: held.questions.slice(0, QUESTIONS).map(({ rule, words }) => [rule, cut(words.vi, 600), cut(words.en, 600)]),
    papers: held.papers.slice(0, PAPERS).map((one) => [one.kind, cut(one.number, 100), one.valid_until ?? "", standingOf(one)]),
    missing: missingOf(held),
  };
}

export function standingOf(paper: Held["papers"][number]): "refused" | "in_force" | "not_in_force" {
  return paper.refused ? "refused" : paper.in_force ? "in_force" : "not_in_force";
}

function cut(text: string, most: number): string {
  return [...text].slice(0, most).join("");
}
