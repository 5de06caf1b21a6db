/**
 * What a beacon answers with. Players want nothing back; a browser that fires beacons with image elements reports an
 * error unless it gets an image, so it gets the smallest one.
 */

/** The file in hexadecimal. */
const PIXEL = "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b";

/** Media type of the pixel. */
export const PIXEL_MEDIA_TYPE = "image/gif";

/** A transparent 1×1 GIF. Shape: 43 bytes, a fresh copy. */
export function trackingPixel(): Uint8Array {
  return Uint8Array.from({ length: PIXEL.length / 2 }, (_, at) => Number.parseInt(PIXEL.slice(2 * at, 2 * at + 2), 16));
}

/** Whether an `Accept` header is that of an image element: it asks for images, and not for a page. */
export function wantsPixel(accept: string | null): boolean {
  const ranges = (accept ?? "").slice(0, 256).toLowerCase();
  return ranges.includes("image/") && !ranges.includes("text/html");
}
