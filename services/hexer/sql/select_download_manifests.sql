SELECT manifest FROM download
