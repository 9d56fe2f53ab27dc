"""The compliance bundle of a release: its paperwork, written from what Kiyome knows of it.

``gathering`` collects the facts of a release into one ``Facts``; a module for each document makes
bytes of them and looks at nothing else; ``archive`` packs and signs, and checks what was packed.
"""
