/** Whether a log only grew: that a newer tree begins with an older one (RFC 9162, section 2.1.4; docs/spec/log.md). */

import { equal, sha256 } from "../core/bytes";
import { TrustError } from "../core/errors";

/** The hashes of a log by its size, decimal numbers of any length; the root is 32 bytes. */
export interface Tree {
  size: bigint;
  root: Uint8Array;
}

/** The new tree does not begin with the one known: somebody shows different logs to different people. */
export class Forked extends TrustError {
  constructor() {
    super(
      "operator",
      "Sổ công khai ở nguồn này KHÔNG nối tiếp sổ mà máy đã biết. Dữ liệu cũ vẫn được dùng. Đừng xóa dữ liệu của ứng dụng và báo liên minh hợp tác xã.",
      "The public log at this source does NOT continue the one known here. The old data stays in use. Keep the app's data and tell the alliance of cooperatives.",
    );
  }
}

/** Nothing shows that the new tree begins with the old one, and nothing shows that it does not. */
export class NotShown extends TrustError {
  constructor(en: string) {
    super(
      "operator",
      `Nguồn chưa cho thấy sổ công khai nối tiếp sổ mà máy đã biết (${en}). Dữ liệu đang dùng được giữ; hãy thử lại, hoặc tải từ nguồn khác.`,
      `The source does not show that the public log continues the one known here (${en}). What is in use is kept; try again, or fetch it elsewhere.`,
    );
  }
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(1), left, right);
}

/**
 * Throw `Forked` or `NotShown` unless `path` shows that `now` begins with `known`.
 *
 * The path is that of RFC 9162 after its step 2: it begins with the hash, in the new tree, of the last perfect subtree of the
 * old one, also where that subtree is the whole of it. So hashes that do not give the new root are merely wrong, while hashes
 * that give the new root and not the old one prove a fork.
 */
export function verifyGrowth(known: Tree, now: Tree, path: Uint8Array[]): void {
  if (known.size < 1n || known.size > now.size) throw new NotShown(`sizes ${known.size}, ${now.size}`);
  if (known.size === now.size) {
    if (!equal(known.root, now.root)) throw new Forked();
    return;
  }
  const [start, ...beside] = path;
  if (start === undefined || path.some((hash) => hash.length !== 32)) throw new NotShown("no hashes");
  let at = known.size - 1n;
  let last = now.size - 1n;
  while (at & 1n) {
    at >>= 1n;
    last >>= 1n;
  }
  let old = start;
  let whole = start;
  for (const hash of beside) {
    if (last === 0n) throw new NotShown("too many hashes");
    if (at & 1n || at === last) {
      old = nodeHash(hash, old);
      whole = nodeHash(hash, whole);
      while (!(at & 1n) && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      whole = nodeHash(whole, hash);
    }
    at >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n || !equal(whole, now.root)) throw new NotShown("wrong hashes");
  if (!equal(old, known.root)) throw new Forked();
}
