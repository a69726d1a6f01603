// Names of the platform that public types mention. They merge with what the DOM library or @types/node declare of
// them; where an application has neither, its compiler finds them here. Public types use no other names of a platform.

declare global {
  interface AbortSignal {}
  interface Blob {}
  interface Element {}
  interface HTMLCanvasElement {}
  interface HTMLElement {}
  interface HTMLImageElement {}
  interface HTMLVideoElement {}
  interface ImageBitmap {}
  interface OffscreenCanvas {}
  interface Response {}
  interface URL {}
  interface VideoFrame {}
  interface Worker {}
  namespace WebAssembly {
    interface Module {}
  }
}

export {};
