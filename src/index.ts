// Lanewise: the public entry. What is exported here is the contract.

export type { ErrorCode } from "../bindings/errors.ts";
export { LanewiseError } from "../bindings/errors.ts";
export type { ApplyOptions } from "./augment/apply.ts";
export type {
  CutoutOptions,
  FactorOptions,
  ImageNoiseOptions,
  PrincipalColorOptions,
} from "./augment/color.ts";
export type {
  AffineOptions,
  CropOptions,
  ElasticOptions,
  MirrorOptions,
  RotateOptions,
  ShearOptions,
  ShiftOptions,
  ZoomOptions,
} from "./augment/geometry.ts";
export type { MixupOptions } from "./augment/mixup.ts";
export type { AugmentOptions, DrawRange, FillOptions, ValueOptions } from "./augment/options.ts";
export type { OverlayOptions } from "./augment/overlay.ts";
export type { PrincipalColors } from "./augment/principalColors.ts";
export * as augment from "./augment.ts";
export type { Stage } from "./compile/explain.ts";
export type { Constraint, MaxNormOptions, MinMaxNormOptions, UnitNormOptions } from "./constraints.ts";
export { maxNorm, minMaxNorm, nonNeg, unitNorm } from "./constraints.ts";
export type { Values } from "./data/arrays.ts";
export type { BatchSize } from "./data/batchSize.ts";
export { suggestBatchSize } from "./data/batchSize.ts";
export type { Fold, KFoldOptions, StratifiedKFoldOptions } from "./data/folds.ts";
export { kFold, stratifiedKFold } from "./data/folds.ts";
export type { FromImageOptions, ImageSource, Pixels } from "./data/images.ts";
export { fromImage } from "./data/images.ts";
export type { ClassWeightsOptions, OneHotOptions } from "./data/labels.ts";
export { classWeights, oneHot } from "./data/labels.ts";
export type { Csv, CsvOptions } from "./data/readers/csv.ts";
export { readCsv } from "./data/readers/csv.ts";
export { readIdx } from "./data/readers/idx.ts";
export { readNpy, readNpz, writeNpy } from "./data/readers/npy.ts";
export type { FileArray } from "./data/readers/numbers.ts";
export type { BatchesOptions, SelectOptions, ShuffleOptions } from "./data/select.ts";
export { batches, select, shuffle } from "./data/select.ts";
export type { PartName, PartsOf, SplitOptions } from "./data/split.ts";
export { split, splitIndices } from "./data/split.ts";
export type { Advice, AdviceList, AdviseOptions } from "./diagnosis/advise.ts";
export { advise } from "./diagnosis/advise.ts";
export type { BiasVariance, BiasVarianceOptions } from "./diagnosis/biasVariance.ts";
export { biasVariance } from "./diagnosis/biasVariance.ts";
export type { Diagnosis, ErrorRates, Gap, GapFinding } from "./diagnosis/diagnose.ts";
export { diagnose } from "./diagnosis/diagnose.ts";
export type { ErrorAnalysis, ErrorCategory, Tags } from "./diagnosis/errorAnalysis.ts";
export { errorAnalysis } from "./diagnosis/errorAnalysis.ts";
export type { CreateModel, FreshModel } from "./diagnosis/fresh.ts";
export type {
  LearningCurve,
  LearningCurveOptions,
  LearningCurvePoint,
  LearningCurveReading,
} from "./diagnosis/learningCurve.ts";
export { learningCurve } from "./diagnosis/learningCurve.ts";
export type { Severity } from "./diagnosis/rules/rule.ts";
export type { SuspectLabel, SuspectLabelsOptions } from "./diagnosis/suspectLabels.ts";
export { suspectLabels } from "./diagnosis/suspectLabels.ts";
export type { DrawConfusionMatrixOptions, DrawnConfusionMatrix } from "./draw/confusionMatrix.ts";
export { drawConfusionMatrix } from "./draw/confusionMatrix.ts";
export type { DrawDecisionBoundaryOptions } from "./draw/decisionBoundary.ts";
export { drawDecisionBoundary } from "./draw/decisionBoundary.ts";
export type { Curve, DrawCurvesOptions, DrawHistoryOptions } from "./draw/history.ts";
export { drawCurves, drawHistory } from "./draw/history.ts";
export type { DrawFiltersOptions, DrawImagesOptions } from "./draw/images.ts";
export { drawFilters, drawImages } from "./draw/images.ts";
export type { DrawnLayer } from "./draw/layerReport.ts";
export { drawLayerReport } from "./draw/layerReport.ts";
export { drawLearningCurve } from "./draw/learningCurve.ts";
export type { DrawnSchedule, DrawScheduleOptions } from "./draw/schedule.ts";
export { drawSchedule } from "./draw/schedule.ts";
export type { DrawOptions } from "./draw/svg.ts";
export type { HistoryChartOptions, HistoryTableOptions } from "./draw/terminal.ts";
export { historyChart, historyTable } from "./draw/terminal.ts";
export type { ExponentialAverage, ExponentialAverageOptions } from "./exponentialAverage.ts";
export { exponentialAverage } from "./exponentialAverage.ts";
export type { Tensor } from "./graph/graph.ts";
export type { TensorLike } from "./graph/trace.ts";
export type { Variable } from "./graph/variable.ts";
export type { Initializer, InitializerName } from "./initializers.ts";
export { initializers } from "./initializers.ts";
export type { LoadOptions } from "./io/checkpoint.ts";
export type { ByteSource } from "./io/source.ts";
export type { BatchNormalizationOptions } from "./layers/batchNormalization.ts";
export { batchNormalization } from "./layers/batchNormalization.ts";
export type { Conv2dOptions, DepthwiseConv2dOptions } from "./layers/convolution.ts";
export { conv2d, depthwiseConv2d } from "./layers/convolution.ts";
export type { LayerRecipe, WeightDescription } from "./layers/defineLayer.ts";
export { defineLayer } from "./layers/defineLayer.ts";
export type { DenseOptions } from "./layers/dense.ts";
export { dense } from "./layers/dense.ts";
export type { DropoutOptions, SpatialDropout2dOptions } from "./layers/dropout.ts";
export { dropout, spatialDropout2d } from "./layers/dropout.ts";
export type { CallContext, CallOptions, Layer, LayerOptions } from "./layers/layer.ts";
export type { ConcatenateOptions } from "./layers/merging.ts";
export { add, concatenate } from "./layers/merging.ts";
export { input } from "./layers/network.ts";
export type { AlphaDropoutOptions, GaussianDropoutOptions, GaussianNoiseOptions } from "./layers/noise.ts";
export { alphaDropout, gaussianDropout, gaussianNoise } from "./layers/noise.ts";
export type { DropoutRate, NoiseOptions } from "./layers/noiseLayer.ts";
export type { GroupNormalizationOptions, LayerNormalizationOptions } from "./layers/normalization.ts";
export { groupNormalization, layerNormalization } from "./layers/normalization.ts";
export type { GlobalPooling2dOptions, Pooling2dOptions } from "./layers/pooling.ts";
export { averagePooling2d, globalAveragePooling2d, maxPooling2d } from "./layers/pooling.ts";
export type {
  ActivationOptions,
  EluOptions,
  LeakyReluOptions,
  RescalingOptions,
  ReshapeOptions,
} from "./layers/shaping.ts";
export { activation, elu, flatten, leakyRelu, relu, rescaling, reshape, softmax } from "./layers/shaping.ts";
export type { Adaptable, AdaptableLayer, NormalizeOptions, StandardizeOptions } from "./layers/standardize.ts";
export { normalize, standardize } from "./layers/standardize.ts";
export type { CrossentropyOptions, Loss, LossFunction, LossLike, LossName } from "./losses.ts";
export * as losses from "./lossFunctions.ts";
export type { Chosen, InitOptions } from "./machine.ts";
export { init } from "./machine.ts";
export * as metrics from "./metricFunctions.ts";
export type {
  ClassificationReport,
  ClassOptions,
  ClassReportRow,
  ConfusionMatrix,
  ConfusionMatrixOptions,
} from "./metrics/confusion.ts";
export { classificationReport, confusionMatrix } from "./metrics/confusion.ts";
export type { Average } from "./metrics/counts.ts";
export type { TopKOptions } from "./metrics/topK.ts";
export type { AucOptions, ClassScoreOptions } from "./metrics/whole.ts";
export type {
  BinaryAccuracyOptions,
  Metric,
  MetricBatch,
  MetricLike,
  MetricName,
  MetricOptions,
  StatefulMetric,
} from "./metrics.ts";
export type { ExplainOptions, Model, ModelOptions, SequentialOptions } from "./model.ts";
export { functional, sequential } from "./model.ts";
export type { ActivationName } from "./ops/activation.ts";
export type { ValueAndGradient } from "./ops/customGradient.ts";
export { assign } from "./ops/effects.ts";
export { gradients } from "./ops/gradients.ts";
export type { Padding } from "./ops/window.ts";
export * as ops from "./ops.ts";
export type { AdadeltaOptions } from "./optimizers/adadelta.ts";
export { adadelta } from "./optimizers/adadelta.ts";
export type { AdagradOptions } from "./optimizers/adagrad.ts";
export { adagrad } from "./optimizers/adagrad.ts";
export type { AdamOptions } from "./optimizers/adam.ts";
export { adam, adamw } from "./optimizers/adam.ts";
export type { AdamaxOptions } from "./optimizers/adamax.ts";
export { adamax } from "./optimizers/adamax.ts";
export type { Averaged } from "./optimizers/averages.ts";
export { averageOf, swapAverages, withAverages } from "./optimizers/averages.ts";
export type { LionOptions } from "./optimizers/lion.ts";
export { lion } from "./optimizers/lion.ts";
export type { NadamOptions } from "./optimizers/nadam.ts";
export { nadam } from "./optimizers/nadam.ts";
export type { Optimizer } from "./optimizers/optimizer.ts";
export type { LearningRate, OptimizerOptions, ParameterGroup } from "./optimizers/options.ts";
export type { RmspropOptions } from "./optimizers/rmsprop.ts";
export { rmsprop } from "./optimizers/rmsprop.ts";
export type { SgdOptions } from "./optimizers/sgd.ts";
export { sgd } from "./optimizers/sgd.ts";
export type { Excluded, Limit, Picked, PickOptions } from "./pick.ts";
export { pick } from "./pick.ts";
export type { InputSpec, ProgramOptions, Step, StepOutput } from "./program.ts";
export { program } from "./program.ts";
export type { RandomNumbers } from "./randomNumbers.ts";
export type { L1L2Options, L1Options, L2Options, Regularizer } from "./regularizers.ts";
export { l1, l1l2, l2 } from "./regularizers.ts";
export * as schedules from "./scheduleFunctions.ts";
export type { Schedule, ScheduleUnit } from "./schedules/unit.ts";
export * as scores from "./scoreFunctions.ts";
export type { CrossValidateOptions, CrossValidation, FoldContext } from "./search/crossValidate.ts";
export { crossValidate } from "./search/crossValidate.ts";
export type { Executor, ExecutorOptions, ExecutorResult } from "./search/executor.ts";
export { inProcess } from "./search/executor.ts";
export type { ThreadsOptions, WorkerSource } from "./search/inThreads.ts";
export { inThreads } from "./search/inThreads.ts";
export type { Journal, JournalStorage } from "./search/journal.ts";
export { mergeJournals } from "./search/journal.ts";
export type { SearchMethod, SearchOptions, SearchShard } from "./search/options.ts";
export type { Importance, SearchResult, SearchTrial } from "./search/result.ts";
export { search } from "./search/search.ts";
export { serveTrials } from "./search/serveTrials.ts";
export type { Parameter, ParametersOf, PlainValue, Space, SpaceNode } from "./search/space.ts";
export type { IntegerOptions } from "./search/spaceFunctions.ts";
export * as spaces from "./search/spaceFunctions.ts";
export type {
  Objective,
  ObjectiveValue,
  Steer,
  SteerChange,
  SteeredStep,
  SteerMoment,
  Trial,
  TrialContext,
  TrialFolds,
  TrialReport,
  TrialResult,
} from "./search/trial.ts";
export type { Callback, Logs, TrainContext } from "./train/callbacks.ts";
export type { CompileOptions } from "./train/compileOptions.ts";
export type { ClassWeight } from "./train/dataset.ts";
export type { Element as GradientElement, GradientCheckOptions, Kink as GradientKink } from "./train/differences.ts";
export type { EarlyStopping, EarlyStoppingOptions } from "./train/earlyStopping.ts";
export { earlyStopping } from "./train/earlyStopping.ts";
export type { EvaluateOptions } from "./train/evaluate.ts";
export type { Arrays, BatchSource, Examples } from "./train/examples.ts";
export type { FitOptions } from "./train/fitPlan.ts";
export { gradientCheck } from "./train/gradientCheck.ts";
export type { GradientEntry, GradientReport, GradientVerdict } from "./train/gradientReport.ts";
export type { History } from "./train/history.ts";
export type { Distribution, LayerReport, LayerStatistics, LayerVerdict } from "./train/layerReport.ts";
export { layerReport } from "./train/layerReport.ts";
export type { LearningRateFinderOptions, LearningRateRange } from "./train/learningRateFinder.ts";
export { findLearningRate } from "./train/learningRateFinder.ts";
export type {
  LearningRateReduction,
  PlateauOptions,
  ReduceLearningRateOnPlateau,
} from "./train/learningRatePlateau.ts";
export { reduceLearningRateOnPlateau } from "./train/learningRatePlateau.ts";
export type { ModelCheckpoint, ModelCheckpointOptions } from "./train/modelCheckpoint.ts";
export { modelCheckpoint } from "./train/modelCheckpoint.ts";
export type { MonitorMode, MonitorOptions } from "./train/monitor.ts";
export type { CostRise, MonotoneCost, MonotoneCostOptions } from "./train/monotoneCost.ts";
export { monotoneCost } from "./train/monotoneCost.ts";
export type { Prediction } from "./train/predict.ts";
export type { ProgressOptions } from "./train/progress.ts";
export { progress } from "./train/progress.ts";
export type { RecalibrateOptions } from "./train/recalibrate.ts";
export { recalibrate } from "./train/recalibrate.ts";
export type { ModelMemory } from "./train/report.ts";
export { variable } from "./variable.ts";
