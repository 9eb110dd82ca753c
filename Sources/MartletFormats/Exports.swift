/// Configurations, headers, indices and records are JSON, so `import MartletFormats` is enough to read and write them.

@_exported public import MartletJSON
