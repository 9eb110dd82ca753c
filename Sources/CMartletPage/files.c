/// The compiler puts every file of the page into the program. A test compares this list with the folder.

#include "CMartletPage.h"

// A directive of C23 that this compiler has in every version of the language.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define BYTES(name) static const unsigned char name[]

BYTES(bus_js) = {
#embed "Page/bus.js"
};
BYTES(chat_alive_js) = {
#embed "Page/chat/alive.js"
};
BYTES(chat_archive_js) = {
#embed "Page/chat/archive.js"
};
BYTES(chat_chat_js) = {
#embed "Page/chat/chat.js"
};
BYTES(chat_files_js) = {
#embed "Page/chat/files.js"
};
BYTES(chat_library_js) = {
#embed "Page/chat/library.js"
};
BYTES(chat_store_js) = {
#embed "Page/chat/store.js"
};
BYTES(chat_tree_js) = {
#embed "Page/chat/tree.js"
};
BYTES(dom_js) = {
#embed "Page/dom.js"
};
BYTES(format_js) = {
#embed "Page/format.js"
};
BYTES(icon_svg) = {
#embed "Page/icon.svg"
};
BYTES(index_html) = {
#embed "Page/index.html"
};
BYTES(keys_js) = {
#embed "Page/keys.js"
};
BYTES(main_js) = {
#embed "Page/main.js"
};
BYTES(markdown_blocks_js) = {
#embed "Page/markdown/blocks.js"
};
BYTES(markdown_highlight_js) = {
#embed "Page/markdown/highlight.js"
};
BYTES(markdown_inline_js) = {
#embed "Page/markdown/inline.js"
};
BYTES(markdown_math_js) = {
#embed "Page/markdown/math.js"
};
BYTES(markdown_render_js) = {
#embed "Page/markdown/render.js"
};
BYTES(preferences_js) = {
#embed "Page/preferences.js"
};
BYTES(style_css) = {
#embed "Page/style.css"
};
BYTES(theme_js) = {
#embed "Page/theme.js"
};
BYTES(view_budget_js) = {
#embed "Page/view/budget.js"
};
BYTES(view_calls_js) = {
#embed "Page/view/calls.js"
};
BYTES(view_chart_js) = {
#embed "Page/view/chart.js"
};
BYTES(view_combobox_js) = {
#embed "Page/view/combobox.js"
};
BYTES(view_composer_js) = {
#embed "Page/view/composer.js"
};
BYTES(view_dashboard_js) = {
#embed "Page/view/dashboard.js"
};
BYTES(view_editor_js) = {
#embed "Page/view/editor.js"
};
BYTES(view_field_js) = {
#embed "Page/view/field.js"
};
BYTES(view_frame_js) = {
#embed "Page/view/frame.js"
};
BYTES(view_heatmap_js) = {
#embed "Page/view/heatmap.js"
};
BYTES(view_message_js) = {
#embed "Page/view/message.js"
};
BYTES(view_messages_js) = {
#embed "Page/view/messages.js"
};
BYTES(view_microscope_js) = {
#embed "Page/view/microscope.js"
};
BYTES(view_settings_js) = {
#embed "Page/view/settings.js"
};
BYTES(view_sidebar_js) = {
#embed "Page/view/sidebar.js"
};
BYTES(view_votes_js) = {
#embed "Page/view/votes.js"
};
BYTES(wire_answer_js) = {
#embed "Page/wire/answer.js"
};
BYTES(wire_report_js) = {
#embed "Page/wire/report.js"
};
BYTES(wire_request_js) = {
#embed "Page/wire/request.js"
};
BYTES(wire_server_js) = {
#embed "Page/wire/server.js"
};
BYTES(wire_session_js) = {
#embed "Page/wire/session.js"
};
BYTES(wire_sse_js) = {
#embed "Page/wire/sse.js"
};

#define FILE_AT(path, name) { path, name, sizeof name }

static const mp_file files[] = {
    FILE_AT("bus.js", bus_js),
    FILE_AT("chat/alive.js", chat_alive_js),
    FILE_AT("chat/archive.js", chat_archive_js),
    FILE_AT("chat/chat.js", chat_chat_js),
    FILE_AT("chat/files.js", chat_files_js),
    FILE_AT("chat/library.js", chat_library_js),
    FILE_AT("chat/store.js", chat_store_js),
    FILE_AT("chat/tree.js", chat_tree_js),
    FILE_AT("dom.js", dom_js),
    FILE_AT("format.js", format_js),
    FILE_AT("icon.svg", icon_svg),
    FILE_AT("index.html", index_html),
    FILE_AT("keys.js", keys_js),
    FILE_AT("main.js", main_js),
    FILE_AT("markdown/blocks.js", markdown_blocks_js),
    FILE_AT("markdown/highlight.js", markdown_highlight_js),
    FILE_AT("markdown/inline.js", markdown_inline_js),
    FILE_AT("markdown/math.js", markdown_math_js),
    FILE_AT("markdown/render.js", markdown_render_js),
    FILE_AT("preferences.js", preferences_js),
    FILE_AT("style.css", style_css),
    FILE_AT("theme.js", theme_js),
    FILE_AT("view/budget.js", view_budget_js),
    FILE_AT("view/calls.js", view_calls_js),
    FILE_AT("view/chart.js", view_chart_js),
    FILE_AT("view/combobox.js", view_combobox_js),
    FILE_AT("view/composer.js", view_composer_js),
    FILE_AT("view/dashboard.js", view_dashboard_js),
    FILE_AT("view/editor.js", view_editor_js),
    FILE_AT("view/field.js", view_field_js),
    FILE_AT("view/frame.js", view_frame_js),
    FILE_AT("view/heatmap.js", view_heatmap_js),
    FILE_AT("view/message.js", view_message_js),
    FILE_AT("view/messages.js", view_messages_js),
    FILE_AT("view/microscope.js", view_microscope_js),
    FILE_AT("view/settings.js", view_settings_js),
    FILE_AT("view/sidebar.js", view_sidebar_js),
    FILE_AT("view/votes.js", view_votes_js),
    FILE_AT("wire/answer.js", wire_answer_js),
    FILE_AT("wire/report.js", wire_report_js),
    FILE_AT("wire/request.js", wire_request_js),
    FILE_AT("wire/server.js", wire_server_js),
    FILE_AT("wire/session.js", wire_session_js),
    FILE_AT("wire/sse.js", wire_sse_js),
};

size_t mp_file_count(void) { return sizeof files / sizeof files[0]; }

mp_file mp_file_at(size_t index) { return files[index]; }
