// What the stages of two small networks print (test/compile.test.ts): a change here is a change of the compiler
// that somebody has read.

export const stages = {
  tinyMlp: {
    graph: `%0: [2, 3] = input() { x }
%1: int32 [2] = input() { y }
%2: [3, 4] = variable() { dense_1/kernel }  # dense_1
%3: [4] = variable() { dense_1/bias }  # dense_1
%4: [2, 4] = matmul(%0, %2, %3) { relu }  # dense_1
%5: [4, 2] = variable() { dense_2/kernel }  # dense_2
%6: [2] = variable() { dense_2/bias }  # dense_2
%7: [2, 2] = matmul(%4, %5, %6)  # dense_2
%8: [2] = softmaxCrossEntropy(%7, %1)
%9: [] = reduceSum(%8) { axes 0 times 0.5 }
%10: int32 [2] = argMax(%7)
%11: [2] = sameIntegers(%10, %1)
%12: [] = reduceSum(%11) { axes 0 times 0.5 }
guard(%9) { loss }
%14: [] = constant() { 1 }
%15: [] = reduceSum(%14) { axes  times 0.5 }
%16: [1] = reshape(%15)
%17: [2] = broadcastTo(%16)
%18: [2, 2] = softmaxCrossEntropyGradient(%7, %1, %17)
%19: [2] = reduceSum(%18) { axes 0 }
%20: [2, 4] = matmul(%18, %5) { B transposed }
%21: [4, 2] = matmul(%4, %18) { A transposed }
%22: [2, 4] = reluGradient(%4, %20)
%23: [4] = reduceSum(%22) { axes 0 }
%24: [3, 4] = matmul(%0, %22) { A transposed }
%25: [3, 4] = variable() { dense_1/kernel/adam/m }
%26: [3, 4] = variable() { dense_1/kernel/adam/v }
%27: [4] = variable() { dense_1/bias/adam/m }
%28: [4] = variable() { dense_1/bias/adam/v }
%29: [4, 2] = variable() { dense_2/kernel/adam/m }
%30: [4, 2] = variable() { dense_2/kernel/adam/v }
%31: [2] = variable() { dense_2/bias/adam/m }
%32: [2] = variable() { dense_2/bias/adam/v }
%33: [3, 4], [3, 4], [3, 4] = adam(%2, %24, %25, %26) { dense_1/kernel }
%34: [4], [4], [4] = adam(%3, %23, %27, %28) { dense_1/bias }
%35: [4, 2], [4, 2], [4, 2] = adam(%5, %21, %29, %30) { dense_2/kernel }
%36: [2], [2], [2] = adam(%6, %19, %31, %32) { dense_2/bias }
return %9, %12`,
    plan: `variable     12 numbers  dense_1/kernel
variable     12 numbers  dense_1/kernel/adam/m
variable     12 numbers  dense_1/kernel/adam/v
variable     4 numbers  dense_1/bias
variable     4 numbers  dense_1/bias/adam/m
variable     4 numbers  dense_1/bias/adam/v
variable     8 numbers  dense_2/kernel
variable     8 numbers  dense_2/kernel/adam/m
variable     8 numbers  dense_2/kernel/adam/v
variable     2 numbers  dense_2/bias
variable     2 numbers  dense_2/bias/adam/m
variable     2 numbers  dense_2/bias/adam/v
data         0 + 24  x
data         64 + 8  y
activations  0 + 32  alive 0 to 14  dense_1/matmul
activations  128 + 16  alive 1 to 10  dense_2/matmul
activations  64 + 8  alive 2 to 3  softmaxCrossEntropy
activations  256 + 4  alive 3 to 21  reduceSum
activations  64 + 8  alive 4 to 5  argMax
activations  192 + 8  alive 5 to 6  sameIntegers
activations  320 + 4  alive 6 to 21  reduceSum
constants    0 + 4  constant
activations  192 + 4  alive 8 to 9  reduceSum
activations  64 + 8  alive 9 to 10  broadcastTo
activations  128 + 16  alive 10 to 13  softmaxCrossEntropyGradient
gradients    96 + 8  alive 11 to 20  reduceSum
activations  64 + 32  alive 12 to 14  matmul
gradients    64 + 32  alive 13 to 19  matmul
activations  64 + 32  alive 14 to 16  reluGradient
gradients    48 + 16  alive 15 to 18  reduceSum
gradients    0 + 48  alive 16 to 17  matmul
control      0 + 32  adam control
bytes: activations 384, gradients 104, data 72, constants 4, control 32, outputs 0; activations without sharing 640`,
    program: `  0 gemm m 2, n 4, k 3, transA 0, transB 0, lda 3, ldb 4, ldc 4, alpha 1, beta 0, a data+0, b dense_1/kernel, c >activations+0, bias dense_1/bias, activation 1  # dense_1/matmul
  1 gemm m 2, n 2, k 4, transA 0, transB 0, lda 4, ldb 2, ldc 2, alpha 1, beta 0, a activations+0, b dense_2/kernel, c >activations+128, bias dense_2/bias, activation 0  # dense_2/matmul
  2 crossEntropyInt32 rows 2, columns 2, logits activations+128, labels data+64, out >activations+64  # softmaxCrossEntropy
  3 reduceSum outer 1, size 2, inner 1, x activations+64, out >activations+256, scale 0.5  # reduceSum
  4 argMax rows 2, columns 2, x activations+128, out >activations+64  # argMax
  5 equalInt32 n 2, a activations+64, b data+64, out >activations+192  # sameIntegers
  6 reduceSum outer 1, size 2, inner 1, x activations+192, out >activations+320, scale 0.5  # reduceSum
  7 guard n 1, value activations+256  # guard
  8 reduceSum outer 1, size 1, inner 1, x constants+0, out >activations+192, scale 0.5  # reduceSum
  9 stridedCopy d0 1, d1 1, d2 1, d3 1, d4 1, d5 2, s0 0, s1 0, s2 0, s3 0, s4 0, s5 0, x activations+192, out >activations+64  # broadcastTo
 10 crossEntropyInt32Gradient rows 2, columns 2, logits activations+128, labels data+64, dout activations+64, dx >activations+128  # softmaxCrossEntropyGradient
 11 reduceSum outer 1, size 2, inner 2, x activations+128, out >gradients+96, scale 1  # reduceSum
 12 gemm m 2, n 4, k 2, transA 0, transB 1, lda 2, ldb 2, ldc 4, alpha 1, beta 0, a activations+128, b dense_2/kernel, c >activations+64, activation 0  # matmul
 13 gemm m 4, n 2, k 2, transA 1, transB 0, lda 4, ldb 2, ldc 2, alpha 1, beta 0, a activations+0, b activations+128, c >gradients+64, activation 0  # matmul
 14 reluGradient n 8, y activations+0, dy activations+64, dx >activations+64  # reluGradient
 15 reduceSum outer 1, size 2, inner 4, x activations+64, out >gradients+48, scale 1  # reduceSum
 16 gemm m 3, n 4, k 2, transA 1, transB 0, lda 3, ldb 4, ldc 4, alpha 1, beta 0, a data+0, b activations+64, c >gradients+0, activation 0  # matmul
 17 adam n 26, beta1 0.9, beta2 0.999, epsilon 1e-8, epsilonForm 0, amsgrad 0, weightDecay 0, w >dense_1/kernel, g gradients+0, m >dense_1/kernel/adam/m, v >dense_1/kernel/adam/v, control control+0  # adam and 3 more behind it`,
  },
  tinyConvNet: {
    graph: `%0: [2, 4, 4, 1] = input() { x }
%1: [2, 1] = input() { y }
%2: [3, 3, 1, 2] = variable() { conv2d_1/kernel }  # conv2d_1
%3: [2] = variable() { conv2d_1/bias }  # conv2d_1
%4: [2, 4, 4, 2] = conv2d(%0, %2, %3) { strides 1,1, padding same }  # conv2d_1
%5: [2] = variable() { batchNormalization_1/gamma }  # batchNormalization_1
%6: [2] = variable() { batchNormalization_1/beta }  # batchNormalization_1
%7: [2] = variable() { batchNormalization_1/movingMean }  # batchNormalization_1
%8: [2] = variable() { batchNormalization_1/movingVariance }  # batchNormalization_1
%9: [2], [2] = batchNormStatistics(%4)  # batchNormalization_1
%10: [2, 4, 4, 2] = batchNorm(%4, %9.0, %9.1, %5, %6) { epsilon 0.001, batch statistics }  # batchNormalization_1
%11: [2, 4, 4, 2] = relu(%10)  # relu_1
%12: [2, 2, 2, 2] = maxPool2d(%11) { window 2,2, strides 2,2, padding valid }  # maxPooling2d_1
%13: [2, 8] = reshape(%12)  # flatten_1
%14: [2, 8] = dropout(%13) { rate 0.5, stream 1073741824 }  # dropout_1
%15: [8, 1] = variable() { dense_1/kernel }  # dense_1
%16: [1] = variable() { dense_1/bias }  # dense_1
%17: [2, 1] = matmul(%14, %15, %16)  # dense_1
%18: [2, 1] = sigmoidCrossEntropy(%17, %1)
%19: [2, 1] = reshape(%18)
%20: [2] = reduceSum(%19) { axes 1 }
%21: [] = reduceSum(%20) { axes 0 times 0.5 }
guard(%21) { loss }
%23: [] = constant() { 1 }
%24: [] = reduceSum(%23) { axes  times 0.5 }
%25: [1] = reshape(%24)
%26: [2] = broadcastTo(%25)
%27: [2, 1] = reshape(%26)
%28: [2, 1] = sigmoidCrossEntropyGradient(%17, %1, %27)
%29: [1] = reduceSum(%28) { axes 0 }
%30: [2, 8] = matmul(%28, %15) { B transposed }
%31: [8, 1] = matmul(%14, %28) { A transposed }
%32: [2, 8] = dropout(%30) { rate 0.5, stream 1073741824 }
%33: [2, 2, 2, 2] = reshape(%32)
%34: [2, 4, 4, 2] = maxPool2dGradient(%33, %11) { through relu }
%35: [2, 4, 4, 2], [2], [2] = batchNormGradient(%4, %9.0, %9.1, %5, %6, %34)
%36: [2] = reduceSum(%35.0) { axes 0 1 2 }
%37: [3, 3, 1, 2] = conv2dKernelGradient(%0, %35.0)
%38: [3, 3, 1, 2] = variable() { conv2d_1/kernel/sgd/velocity }
%39: [2] = variable() { conv2d_1/bias/sgd/velocity }
%40: [2] = variable() { batchNormalization_1/gamma/sgd/velocity }
%41: [2] = variable() { batchNormalization_1/beta/sgd/velocity }
%42: [8, 1] = variable() { dense_1/kernel/sgd/velocity }
%43: [1] = variable() { dense_1/bias/sgd/velocity }
%44: [2] = movingAverage(%7, %9.0) { batchNormalization_1/movingMean momentum 0.99 }  # batchNormalization_1
%45: [2] = movingAverage(%8, %9.1) { batchNormalization_1/movingVariance momentum 0.99 }  # batchNormalization_1
%46: [3, 3, 1, 2], [3, 3, 1, 2] = sgd(%2, %37, %38) { conv2d_1/kernel }
%47: [2], [2] = sgd(%3, %36, %39) { conv2d_1/bias }
%48: [2], [2] = sgd(%5, %35.1, %40) { batchNormalization_1/gamma }
%49: [2], [2] = sgd(%6, %35.2, %41) { batchNormalization_1/beta }
%50: [8, 1], [8, 1] = sgd(%15, %31, %42) { dense_1/kernel }
%51: [1], [1] = sgd(%16, %29, %43) { dense_1/bias }
return %21`,
    plan: `variable     2 numbers  batchNormalization_1/movingMean
variable     2 numbers  batchNormalization_1/movingVariance
variable     18 numbers  conv2d_1/kernel
variable     18 numbers  conv2d_1/kernel/sgd/velocity
variable     2 numbers  conv2d_1/bias
variable     2 numbers  conv2d_1/bias/sgd/velocity
variable     2 numbers  batchNormalization_1/gamma
variable     2 numbers  batchNormalization_1/gamma/sgd/velocity
variable     2 numbers  batchNormalization_1/beta
variable     2 numbers  batchNormalization_1/beta/sgd/velocity
variable     8 numbers  dense_1/kernel
variable     8 numbers  dense_1/kernel/sgd/velocity
variable     1 numbers  dense_1/bias
variable     1 numbers  dense_1/bias/sgd/velocity
data         0 + 128  x
data         128 + 8  y
activations  0 + 256  alive 0 to 19  conv2d_1/conv2d
activations  768 + 8  alive 1 to 22  batchNormalization_1/batchNormStatistics
activations  832 + 8  alive 1 to 23  batchNormalization_1/batchNormStatistics
activations  256 + 256  alive 2 to 3  batchNormalization_1/batchNorm
activations  256 + 256  alive 3 to 18  relu_1/relu
activations  512 + 64  alive 4 to 5  maxPooling2d_1/maxPool2d
activations  512 + 64  alive 5 to 16  dropout_1/dropout
control      0 + 16  random key
activations  576 + 8  alive 6 to 13  dense_1/matmul
activations  640 + 8  alive 7 to 8  sigmoidCrossEntropy
activations  704 + 8  alive 8 to 9  reduceSum
activations  896 + 4  alive 9 to 30  reduceSum
constants    0 + 4  constant
activations  704 + 4  alive 11 to 12  reduceSum
activations  640 + 8  alive 12 to 13  broadcastTo
activations  640 + 8  alive 13 to 16  sigmoidCrossEntropyGradient
gradients    160 + 4  alive 14 to 29  reduceSum
activations  576 + 64  alive 15 to 17  matmul
gradients    128 + 32  alive 16 to 28  matmul
activations  576 + 64  alive 17 to 18  dropout
activations  256 + 256  alive 18 to 19  maxPool2dGradient
activations  512 + 256  alive 19 to 21  batchNormGradient
gradients    96 + 8  alive 19 to 26  batchNormGradient
gradients    112 + 8  alive 19 to 27  batchNormGradient
gradients    80 + 8  alive 20 to 25  reduceSum
gradients    0 + 72  alive 21 to 24  conv2dKernelGradient
control      16 + 32  sgd control
bytes: activations 960, gradients 164, data 136, constants 4, control 48, outputs 0; activations without sharing 1408`,
    program: `  0 conv2d batch 2, height 4, width 4, channels 1, outHeight 4, outWidth 4, filters 2, kernelHeight 3, kernelWidth 3, strideHeight 1, strideWidth 1, padTop 1, padLeft 1, dilationHeight 1, dilationWidth 1, groups 1, activation 0, x data+0, kernel conv2d_1/kernel, bias conv2d_1/bias, out >activations+0  # conv2d_1/conv2d; costs in multiply-adds: winograd 0.0107 M, direct 0.00244 M
  1 batchNormStatistics rows 32, channels 2, x activations+0, mean >activations+768, variance >activations+832  # batchNormalization_1/batchNormStatistics
  2 batchNorm rows 32, channels 2, epsilon 0.001, x activations+0, mean activations+768, variance activations+832, gamma batchNormalization_1/gamma, beta batchNormalization_1/beta, out >activations+256  # batchNormalization_1/batchNorm
  3 relu n 64, x activations+256, out >activations+256  # relu_1/relu
  4 maxPool2d batch 2, height 4, width 4, channels 2, outHeight 2, outWidth 2, poolHeight 2, poolWidth 2, strideHeight 2, strideWidth 2, padTop 0, padLeft 0, x activations+256, out >activations+512  # maxPooling2d_1/maxPool2d
  5 dropout n 16, rate 0.5, stream 1073741824, control control+0, x activations+512, out >activations+512  # dropout_1/dropout
  6 gemm m 2, n 1, k 8, transA 0, transB 0, lda 8, ldb 1, ldc 1, alpha 1, beta 0, a activations+512, b dense_1/kernel, c >activations+576, bias dense_1/bias, activation 0  # dense_1/matmul
  7 sigmoidCrossEntropy n 2, logits activations+576, targets data+128, out >activations+640  # sigmoidCrossEntropy
  8 reduceSum outer 2, size 1, inner 1, x activations+640, out >activations+704, scale 1  # reduceSum
  9 reduceSum outer 1, size 2, inner 1, x activations+704, out >activations+896, scale 0.5  # reduceSum
 10 guard n 1, value activations+896  # guard
 11 reduceSum outer 1, size 1, inner 1, x constants+0, out >activations+704, scale 0.5  # reduceSum
 12 stridedCopy d0 1, d1 1, d2 1, d3 1, d4 1, d5 2, s0 0, s1 0, s2 0, s3 0, s4 0, s5 0, x activations+704, out >activations+640  # broadcastTo
 13 sigmoidCrossEntropyGradient n 2, logits activations+576, targets data+128, dout activations+640, dx >activations+640  # sigmoidCrossEntropyGradient
 14 reduceSum outer 1, size 2, inner 1, x activations+640, out >gradients+160, scale 1  # reduceSum
 15 gemm m 2, n 8, k 1, transA 0, transB 1, lda 1, ldb 1, ldc 8, alpha 1, beta 0, a activations+640, b dense_1/kernel, c >activations+576, activation 0  # matmul
 16 gemm m 8, n 1, k 2, transA 1, transB 0, lda 8, ldb 1, ldc 1, alpha 1, beta 0, a activations+512, b activations+640, c >gradients+128, activation 0  # matmul
 17 dropout n 16, rate 0.5, stream 1073741824, control control+0, x activations+576, out >activations+576  # dropout
 18 maxPool2dGradient batch 2, height 4, width 4, channels 2, outHeight 2, outWidth 2, poolHeight 2, poolWidth 2, strideHeight 2, strideWidth 2, padTop 0, padLeft 0, dy activations+576, dx >activations+256, x activations+256, relu 1  # maxPool2dGradient
 19 batchNormGradient rows 32, channels 2, epsilon 0.001, x activations+0, mean activations+768, variance activations+832, gamma batchNormalization_1/gamma, dy activations+256, dx >activations+512, dgamma >gradients+96, dbeta >gradients+112  # batchNormGradient
 20 reduceSum outer 1, size 32, inner 2, x activations+512, out >gradients+80, scale 1  # reduceSum
 21 conv2dKernelGradient batch 2, height 4, width 4, channels 1, outHeight 4, outWidth 4, filters 2, kernelHeight 3, kernelWidth 3, strideHeight 1, strideWidth 1, padTop 1, padLeft 1, dilationHeight 1, dilationWidth 1, groups 1, x data+0, dy activations+512, dkernel >gradients+0  # conv2dKernelGradient
 22 movingAverage n 2, momentum 0.99, value activations+768, moving >batchNormalization_1/movingMean  # batchNormalization_1/movingAverage
 23 movingAverage n 2, momentum 0.99, value activations+832, moving >batchNormalization_1/movingVariance  # batchNormalization_1/movingAverage
 24 sgd n 41, momentum 0.9, dampening 0, nesterov 0, weightDecay 0, w >conv2d_1/kernel, g gradients+0, velocity >conv2d_1/kernel/sgd/velocity, control control+16  # sgd and 5 more behind it`,
  },
} as const;
