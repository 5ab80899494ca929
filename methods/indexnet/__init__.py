"""IndexNet Matting (Lu et al., ICCV 2019), in the layouts of its authors and of mmagic."""
