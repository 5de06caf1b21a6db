// The bundler turns imported style sheets into the page's main.css; the compiler only needs to know that they exist.
declare module "*.css";
