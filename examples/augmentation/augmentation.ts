// LeNet-5 on MNIST with augmentation and a schedule: each image is turned, shifted, zoomed and sheared a little, another way in each
// epoch, and the rate rises and falls in one cycle. The target is 99.3 % of the test images.

import type { Layer } from "lanewise";
import {
  adam,
  augment,
  conv2d,
  dense,
  drawHistory,
  drawImages,
  flatten,
  maxPooling2d,
  progress,
  rescaling,
  schedules,
  sequential,
} from "lanewise";
import type { Found, Given } from "../example.ts";
import { IMAGE_SIDE, readDigits, sliceDigits } from "../mnist/digits.ts";

const BATCH_SIZE = 64;
const EPOCHS = 8;

/** The layer that changes a digit a little. */
export const distort = (): Layer =>
  augment.affine({
    rotate: { degrees: 10 },
    shift: { heightFactor: 0.07, widthFactor: 0.07 },
    zoom: { heightFactor: 0.1, widthFactor: 0.1 },
    shear: { xFactor: 0.15 },
    fillMode: "constant",
  });

export async function augmentation(given: Given): Promise<Found> {
  const train = await readDigits("train", given.read);
  const test = await readDigits("test", given.read);
  const model = sequential(
    [
      distort(), // while training alone
      rescaling({ scale: 1 / 255 }),
      conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 120, activation: "relu" }),
      dense({ units: 84, activation: "relu" }),
      dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [IMAGE_SIDE, IMAGE_SIDE, 1], seed: given.seed },
  );
  const totalSteps = EPOCHS * Math.ceil(train.y.length / BATCH_SIZE);
  model.compile({
    optimizer: adam({ learningRate: schedules.oneCycle({ maxLearningRate: 4e-3, totalSteps }) }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const history = await model.fit(train, {
    epochs: EPOCHS,
    batchSize: BATCH_SIZE,
    validation: test,
    callbacks: progress({ write: given.log }),
  });
  const { accuracy, loss } = await model.evaluate(test, { batchSize: 100 });

  const few = sliceDigits(train, 0, 10);
  const images = { data: few.x, shape: [few.y.length, IMAGE_SIDE, IMAGE_SIDE, 1] };
  return {
    figures: { accuracy: accuracy as number, loss: loss as number },
    pictures: {
      history: drawHistory(history, { title: "LeNet-5 with augmentation" }),
      digits: drawImages(images, { columns: 10, range: [0, 255], title: "Ten digits" }),
      augmented: drawImages(await augment.apply(images, [distort()], { seed: given.seed }), {
        columns: 10,
        range: [0, 255],
        title: "The same, augmented",
      }),
    },
  };
}
