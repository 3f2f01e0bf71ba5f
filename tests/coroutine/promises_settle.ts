/** Lets chains of promises that are settled already run to their end. */
export async function promisesSettle(): Promise<void> {
  for (let link = 0; link < 20; link++) await Promise.resolve();
}
