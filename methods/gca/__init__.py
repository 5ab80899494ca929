"""GCA Matting (Li and Lu, AAAI 2020), in the layouts of its authors and of mmagic."""
