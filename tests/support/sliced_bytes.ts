/**
 * Bytes with slices that are views, as in a Node `Buffer`. Bun's sockets give such bytes by
 * default.
 */
export class SlicedBytes extends Uint8Array<ArrayBuffer> {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end);
  }
}
