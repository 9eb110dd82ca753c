// A GGUF file as a checkpoint.

package import MartletFormats

extension Checkpoint {
    /// Opens a GGUF file, or the first of several, as a model of the family that its metadata name.
    ///
    /// - Throws: ``ModelError`` for a file that is damaged, or a model that is not known.
    package init(gguf path: String) throws(ModelError) {
        let model: GGUFModel
        do { model = try GGUFModel(path: path) } catch { throw .format(error) }
        var reader = try GGUFConfiguration(model)
        let configuration = try reader.read()
        let plan = try DecoderPlan.read(configuration)
        let tensors = try GGUFTensors(
            model, plan: plan, naming: reader.naming)
        self.init(
            directory: path, configuration: configuration, tensors: tensors, metadata: model.first)
    }
}
