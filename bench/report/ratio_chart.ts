export function ratioChart(_results: readonly unknown[]): string {
  return "";
}
