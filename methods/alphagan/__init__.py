"""AlphaGAN (Lutz et al., BMVC 2018): a matting network trained against a discriminator."""
