/// The types of lower modules that the front door speaks in, so that `import Martlet` is enough.

@_exported public import enum MartletConstraints.Constraint
@_exported public import enum MartletConstraints.Outline
@_exported public import enum MartletEngine.FinishReason
@_exported public import struct MartletEngine.ScoringResult
@_exported public import struct MartletEngine.StepCost
@_exported public import struct MartletEngine.TokenLogprob
@_exported public import struct MartletEngine.Usage
@_exported public import enum MartletKernels.CacheCodec
@_exported public import enum MartletKernels.WeightType
@_exported public import struct MartletModels.DecoderShape
@_exported public import struct MartletModels.EvictionHeadShape
@_exported public import enum MartletModels.Pooling
@_exported public import enum MartletTasks.AnswerExtraction
@_exported public import enum MartletTasks.AnswerKind
@_exported public import struct MartletTemplates.Message
@_exported public import struct MartletTemplates.PromptOptions
@_exported public import struct MartletTemplates.ToolCall
@_exported public import struct MartletTemplates.ToolCallDelta
@_exported public import struct MartletTemplates.ToolDefinition
@_exported public import struct MartletTokenizers.Tokenizer
@_exported public import struct MartletTokenizers.TokenizerTraining
