/** What can be wrong with trust data, and whose fault it is: what the person who meets it does depends on that. */

export type Fault = "stamp" | "issuer" | "operator" | "store" | "network" | "clock";

/** Something about keys, statements, the log or trust data. `vi` and `en` say what is wrong and what to do. */
export class TrustError extends Error {
  constructor(
    readonly fault: Fault,
    readonly vi: string,
    readonly en: string,
  ) {
    super(en);
    this.name = new.target.name;
  }
}

/** A statement, list or other signed JSON that is malformed, or not signed by the key it needs. */
export class BadStatement extends Error {}

/** A printed number that cannot be right as typed; `position` counts its characters from 1. Not a verdict. */
export class Mistyped extends Error {
  constructor(readonly position: number | null) {
    super("mistyped");
  }
}
