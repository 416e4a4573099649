/** Photos that are sent or signed: drawn anew by this device, without what a camera writes into them. */

const LONGEST = 1_600;

/** A JPEG without place, time and device, of at most `limit` bytes; null where it stays too large. Throws where it is no picture. */
export async function redrawn(file: Blob, limit: number): Promise<Uint8Array | null> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.fillStyle = "#fff"; // below what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  for (const quality of [0.8, 0.6, 0.4]) {
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (made && made.size <= limit) return new Uint8Array(await made.arrayBuffer());
  }
  return null;
}
