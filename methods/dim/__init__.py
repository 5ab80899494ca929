"""Deep Image Matting (Xu et al., CVPR 2017), the first deep matting network with a trimap."""
