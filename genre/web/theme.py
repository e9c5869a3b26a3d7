"""Colours and type of the page: restrained, system fonts only, in a light and a dark suit."""

import gradio as gr

SANS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "sans-serif",
)
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.teal,
    neutral_hue=gr.themes.colors.slate,
    font=SANS,
    font_mono=MONO,
    radius_size=gr.themes.sizes.radius_md,
).set(
    body_background_fill="#f6f7f9",
    body_background_fill_dark="#0e1116",
    block_background_fill="#ffffff",
    block_background_fill_dark="#161b22",
    body_text_color="#1b2430",
    body_text_color_dark="#e6ebf1",
    body_text_color_subdued="#4b5866",
    body_text_color_subdued_dark="#a3b0be",
    block_label_background_fill_dark="#161b22",
    block_label_text_color="#4b5866",
    block_label_text_color_dark="#a3b0be",
    block_info_text_color="#4b5866",
    block_info_text_color_dark="#a3b0be",
    block_title_text_color="#1b2430",
    block_title_text_color_dark="#e6ebf1",
    input_background_fill="#f6f7f9",
    input_background_fill_dark="#0e1116",
    input_border_color="#cbd3dc",
    input_border_color_dark="#3a4450",
    input_border_width="1px",
    border_color_primary="#d9dfe6",
    border_color_primary_dark="#2f3843",
    block_border_width="1px",
    block_shadow="none",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_800",
    button_primary_text_color="white",
    button_primary_text_color_dark="white",
)
