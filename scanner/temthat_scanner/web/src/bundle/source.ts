/** Where trust data comes from: the public folder of a service, wherever it lies, or a trust pack. Strangers, all of them. */

import { BadBytes, fromBase64, fromUtf8 } from "../core/bytes";
import { BadStatement } from "../core/errors";
import { Fields } from "../core/fields";
import { parseObject } from "../core/json";
import { BadBundle } from "./encoding";

export interface Source {
  /** Those whose shards are wanted, and are there; null: all. */
  provinces: string[] | null;
  /** At most `limit` bytes of a file of the public folder, from `start` on; null if it is not there. */
  read(path: string, limit: number, start?: number): Promise<Uint8Array | null>;
}

/** A trust pack; nothing in it is believed yet. `beside`: who has the log's tiles, which a pack has not. Throws `BadBundle`. */
export function packSource(data: Uint8Array, beside: Source["read"] | null = null): Source {
  const { provinces, files } = parsePack(data);
  return {
    provinces,
    read(path, limit, start = 0) {
      const found = files.get(path);
      if (!found && beside && path.startsWith("tile/")) return beside(path, limit, start);
      return Promise.resolve(found?.subarray(start, start + limit) ?? null);
    },
  };
}

function parsePack(data: Uint8Array): { provinces: string[] | null; files: Map<string, Uint8Array> } {
  try {
    const f = new Fields(parseObject(fromUtf8(data)));
    f.count("v", 1, 1);
    if (f.text("type") !== "trust pack") throw new BadStatement("another type");
    const provinces = f.absent("provinces") ? null : f.texts("provinces", 100);
    const files = new Map<string, Uint8Array>();
    for (const [name, text] of Object.entries(f.mapping("files"))) {
      if (typeof text !== "string") throw new BadStatement("a file that is none");
      files.set(name, fromBase64(text));
    }
    return { provinces, files };
  } catch (error) {
    if (!(error instanceof BadStatement || error instanceof BadBytes)) throw error;
    throw new BadBundle("tệp không phải dữ liệu tin cậy của TemThật", "the file is no trust pack");
  }
}
