// Names of the platform that public types mention. They merge with what the DOM library or @types/node declare of
// them; where an application has neither, its compiler finds them here. Public types use no other names of a platform.

declare global {
  interface AbortSignal {}
  interface Element {}
  interface HTMLElement {}
  interface Response {}
  interface URL {}
  interface Worker {}
  namespace WebAssembly {
    interface Module {}
  }
}

export {};
