/// The tasks that evaluations ask, so that `import MartletEvaluation` is enough.

@_exported public import MartletTasks
