/** Wasm modules are bundled at deploy time; importing one gives the compiled module. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
