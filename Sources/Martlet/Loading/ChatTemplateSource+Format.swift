/// A model's chat template, parsed.

package import MartletFormats
package import MartletTemplates

extension ChatTemplateSource {
    /// How the model is talked to.
    package func format(hasTools: Bool) throws(MartletError) -> ChatFormat {
        do throws(TemplateError) {
            return try ChatFormat(
                template: hasTools ? toolTemplate ?? template : template,
                specialTokens: specialTokens, name: name)
        } catch {
            throw MartletError(error)
        }
    }
}
