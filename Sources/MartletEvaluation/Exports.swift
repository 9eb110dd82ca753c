/// The tasks that evaluations ask and the pictures that they draw, so that `import MartletEvaluation` is enough.

@_exported public import struct MartletPictures.HeatMap
@_exported public import MartletTasks
