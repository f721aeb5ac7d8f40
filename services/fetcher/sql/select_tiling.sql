SELECT tiles FROM tiling WHERE dataset = $1
