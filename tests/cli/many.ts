/** Runs commands one after the other in this process, and prints their results. `program.ts` starts this. */

import process from "node:process";
import { main } from "../../src/cli/mod.ts";
import type { Invocation, Result } from "./program.ts";

const invocations = JSON.parse(process.argv[2] as string) as Invocation[];
const results: Result[] = [];
const before = { ...process.env };
const write = process.stdout.write.bind(process.stdout);

for (const { args, env = {} } of invocations) {
  const result = { code: 0, stdout: "", stderr: "" };
  const decoder = new TextDecoder();
  const into = (name: "stdout" | "stderr") =>
    Object.assign(process[name], {
      write(data: string | Uint8Array, written?: () => void) {
        result[name] += typeof data === "string" ? data : decoder.decode(data);
        written?.();
        return true;
      },
    });
  into("stdout");
  into("stderr");
  Object.assign(process.env, env);
  result.code = await main(args);
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  results.push(result);
}

write(JSON.stringify(results), () => process.exit(0));
