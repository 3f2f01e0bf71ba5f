/** Bytes as in a Node `Buffer`, which Bun's sockets give by default: their slices are views. */
export class SlicedBytes extends Uint8Array<ArrayBuffer> {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end);
  }
}
