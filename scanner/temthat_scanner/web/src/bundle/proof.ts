/** `bundle.proof`: that the operator stated a bundle in the log, and that witnesses saw the log with it. */

import { sha256, toHex } from "../core/bytes";
import { BadStatement } from "../core/errors";
import { Fields } from "../core/fields";
import { parseProof, verifyProof, type Policy, type Witnessed } from "../log/note";
import { verifyStatement } from "../log/statement";
import { RUN_MAX } from "../stamp/code";
import { BadBundle } from "./encoding";
import { Listing } from "./listing";

const CLOCK_TOLERANCE = 600;

export interface ProvedBundle extends Witnessed {
  index: bigint;
  stated: { origin: string; size: number; sha256: string; completeToRun: number; at: number };
}

/** Check a `bundle.proof` as received: the log states this bundle, and witnesses saw the log with it. */
export function openBundleProof(data: Uint8Array, policy: Policy, operators: Uint8Array[]): ProvedBundle {
  const proof = parseProof(data);
  const witnessed = verifyProof(proof, proof.extra, policy);
  let stated: ProvedBundle["stated"];
  try {
    const body = verifyStatement(proof.extra, operators);
    const f = new Fields(body);
    f.count("v", 1, 1);
    if (f.text("type") !== "bundle") throw new BadStatement("another type");
    stated = {
      origin: f.text("origin"),
      size: f.count("size"),
      sha256: f.hex("sha256", 32),
      completeToRun: f.count("complete_to_run", 0, RUN_MAX),
      at: f.instant("at"),
    };
  } catch (error) {
    if (!(error instanceof BadStatement)) throw error;
    throw new BadBundle("văn bản công bố không do đơn vị vận hành ký", "its statement is not signed by the operator");
  }
  if (stated.origin !== policy.origin || BigInt(stated.size) > proof.index) {
    throw new BadBundle("văn bản trong sổ nói về điều khác", "the statement proved is about something else");
  }
  const seen = Math.max(...witnessed.cosigned.values());
  if (witnessed.cosigned.size && stated.at > seen + CLOCK_TOLERANCE) {
    throw new BadBundle(
      "dữ liệu ghi ngày muộn hơn ngày người làm chứng đã thấy sổ",
      "it is dated later than the witnesses saw the log",
    );
  }
  return { ...witnessed, index: proof.index, stated };
}

/** The list of files, if it is the one that was stated. */
export function readListing(data: Uint8Array, { stated }: ProvedBundle): Listing {
  if (toHex(sha256(data)) !== stated.sha256) {
    throw new BadBundle("danh sách tệp không phải danh sách đã ghi vào sổ", "the list of files is not the one logged", "store");
  }
  const listing = new Listing(data);
  const isSame =
    listing.origin === stated.origin &&
    listing.size === stated.size &&
    listing.completeToRun === stated.completeToRun &&
    listing.at === stated.at;
  if (!isSame) {
    throw new BadBundle("danh sách tệp khác với văn bản trong sổ", "the list of files says other than its statement");
  }
  return listing;
}
