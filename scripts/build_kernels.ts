/**
 * Compiles the kernels: `node scripts/build_kernels.ts` writes kernels/*.wasm from the AssemblyScript beside them. The
 * outcome is committed, because whoever runs or deploys Midroll needs no compiler for it; a test compiles again and
 * compares bytes.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import asc from "assemblyscript/asc";
import { projectDir } from "../local/build.ts";

/** Every kernel, by the name of its source. */
export const KERNELS = ["dense_stack", "forest"] as const;

const OPTIONS = ["-O3", "--enable", "simd", "--runtime", "stub", "--noAssert", "--use", "abort="];

/** The wasm of one kernel. Throws with the compiler's own words when it does not compile. */
export async function compileKernel(name: (typeof KERNELS)[number]): Promise<Uint8Array> {
  const source = `kernels/${name}.ts`;
  const written = new Map<string, Uint8Array | string>();
  const { error, stderr } = await asc.main([source, ...OPTIONS, "--outFile", `${name}.wasm`], {
    writeFile: (file: string, contents: Uint8Array | string) => void written.set(file, contents),
    readFile: (file: string) => readFile(path.join(projectDir, file), "utf8").catch(() => null),
  });
  const wasm = written.get(`${name}.wasm`);
  if (error !== null || !(wasm instanceof Uint8Array)) throw new Error(`${source}: ${stderr.toString()}`);
  return wasm;
}

if (import.meta.main) {
  for (const name of KERNELS) {
    const wasm = await compileKernel(name);
    await writeFile(path.join(projectDir, "kernels", `${name}.wasm`), wasm);
    console.log(`kernels/${name}.wasm: ${wasm.length} bytes`);
  }
}
