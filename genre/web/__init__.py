"""The page in the browser, and the same answer over HTTP. The only package that imports gradio."""
